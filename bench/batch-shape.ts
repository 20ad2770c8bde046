/**
 * What llama.cpp itself takes for a record: prompts of some tokens after a prefix that is there already, on one
 * thread, with and without an output at the end, with its own choice of attention and without flash attention.
 *
 *     node --import tsx bench/batch-shape.ts [--model NAME] [--prefix TOKENS] [--rounds N]
 *
 * Processor time, the least of the rounds, so that a busy machine shows little of itself.
 */
import { parseArgs } from 'node:util';
import type { Token } from 'node-llama-cpp';
import { machine, markdownTable } from './parts/figures.js';
import { modelFile } from './parts/program.js';
import { loadPlain } from './parts/raw-speed.js';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'gemma-3-270m' },
    prefix: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '4' },
  },
});
const prefix = Number(flags.prefix);
const lengths = [8, 25, 64, 128];
const { model } = await loadPlain(modelFile(flags.model), 1);
const tokens = Array.from({ length: prefix + 128 }, (_, i) => (1000 + ((i * 7919) % 20000)) as Token);
const columns = new Map<string, number[]>();
for (const flashAttention of ['auto', false] as const) {
  const context = await model.createContext({
    contextSize: 2048,
    batchSize: 128,
    threads: { ideal: 1, min: 1 },
    swaFullCache: true,
    flashAttention,
  });
  const sequence = context.getSequence();
  await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(0, prefix));
  for (const output of [false, true]) {
    const least = lengths.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < Number(flags.rounds); round++) {
      for (const [i, length] of lengths.entries()) {
        const input = tokens.slice(prefix, prefix + length);
        const last = input.pop() as Token;
        const before = process.cpuUsage();
        if (output) {
          const filter = { tokens: input.slice(0, 2), includeSelected: true };
          await sequence.controlledEvaluate([
            ...input,
            [last, { generateNext: { totalLogitWeight: true, logits: { filter } } }],
          ]);
        } else {
          await sequence.evaluateWithoutGeneratingNewTokens([...input, last]);
        }
        const { user, system } = process.cpuUsage(before);
        least[i] = Math.min(least[i] as number, (user + system) / 1000);
        await sequence.eraseContextTokenRanges([{ start: prefix, end: sequence.nextTokenIndex }]);
      }
    }
    const name = `${flashAttention === 'auto' ? 'as it is' : 'no flash attention'}${output ? ', with an output' : ''}`;
    columns.set(name, least);
  }
  await context.dispose();
}
process.stdout.write(
  `${flags.model}, ms of processor time after a prefix of ${prefix} tokens, one thread, least of ${flags.rounds}; ${machine()}\n\n${markdownTable(
    ['tokens', ...columns.keys()],
    lengths.map((length, i) => [
      String(length),
      ...[...columns.values()].map(
        (column) => `${(column[i] as number).toFixed(0)} (${((column[i] as number) / length).toFixed(2)} a token)`,
      ),
    ]),
  )}\n`,
);
process.exit(0);
