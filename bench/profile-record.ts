/**
 * Where the time of a record goes in `slm run sentiment` and `slm run ner`.
 *
 *     node --import tsx bench/profile-record.ts [DATA] [--model NAME] [--records N] [--rounds N] [--config FOLDER]
 *
 * Records go through one slot with one thread, one after the other, so that the parts add up; in a real run, what is
 * done in JavaScript for one record overlaps with the model's work on another. Parts are timed by wrapping functions
 * of the engine, of the library and of its native contexts. With --config (what `XDG_CONFIG_HOME` is to `slm`, such as
 * the folder `config/MODEL` in the work folder of peers.ts, or `config` in that of tagger.ts), the heads that were
 * tuned there are measured, too. Texts are SST-2's dev part and sentences of CoNLL-2003's testa.
 */
import { homedir, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { LlamaContext, LlamaModel } from 'node-llama-cpp';
import { openTaskFor } from '../src/app/opening/open-cascade.js';
import { tunedFolders } from '../src/app/opening/tuned-settings.js';
import type { Surroundings } from '../src/app/surroundings.js';
import { Slot } from '../src/engines/llama/slot.js';
import { plain, writers } from '../src/formats/index.js';
import { median } from '../src/metrics/median.js';
import { predict } from '../src/predict.js';
import { loadProfile } from '../src/profile/index.js';
import { findTunedSettings } from '../src/profile/tuned-settings.js';
import { isBadRow, recordOf } from '../src/record.js';
import { readers } from '../src/records/index.js';
import type { InputRecord } from '../src/types.js';
import { conllTexts, sentimentRows } from './parts/data-sets.js';
import { machine, markdownTable, say } from './parts/figures.js';
import { defaultData, root } from './parts/program.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'gemma-3-270m' },
    records: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    config: { type: 'string' },
  },
});
const data = path.resolve(positionals[0] ?? defaultData);
const count = Number(flags.records);
const texts: Readonly<Record<string, readonly string[]>> = {
  sentiment: sentimentRows(data, 'dev')
    .slice(0, count)
    .map(({ text }) => text),
  ner: conllTexts(path.join(data, 'conll2003', 'eng.testa'), count, 1),
};

/** Milliseconds since the last reset, by what was called. Nested calls count in both. */
const spent = new Map<string, number>();
const total = (...names: string[]) => names.reduce((sum, name) => sum + (spent.get(name) ?? 0), 0);
watch();

const context = surroundingsFor(flags.config);
for (const task of ['sentiment', 'ner']) {
  const profile = await loadProfile(task, folders());
  await profileTask(task, true);
  if (findTunedSettings(tunedFolders(context, profile), flags.model, context.cwd, profile.name) !== null)
    await profileTask(task, false);
  else if (flags.config !== undefined) say(`${task}: nothing was tuned for ${flags.model} in ${flags.config}`);
}
process.exit(0);

async function profileTask(name: string, untuned: boolean): Promise<void> {
  const profile = await loadProfile(name, folders());
  const opened = await openTaskFor(context, profile, { model: flags.model, threads: 1, untuned }, 'many', []);
  // What the record costs above the engine: the prompt, the features of words, the decoding, the output.
  const { predictor } = opened.task;
  const task = {
    ...opened.task,
    predictor: {
      ...predictor,
      predict: timed('predictor', (input) => predictor.predict(input)) as typeof predictor.predict,
    },
  };
  const format = await writers.tsv();
  const options = {
    taskType: profile.type,
    labels: profile.labels.map(({ name: label }) => label),
    multiLabel: profile.multiLabel,
    offsets: 'codepoint',
    passThrough: false,
    fieldNames: [],
    properties: [],
    input: 'text',
    width: 120,
    paint: plain,
  } as const;
  const lines = texts[name] ?? [];
  await once(lines.slice(0, 3));
  const before = task.engine.usage().evaluatedTokens;
  const rounds: Map<string, number>[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) rounds.push(await once(lines));
  const tokens = (task.engine.usage().evaluatedTokens - before) / rounds.length / lines.length;
  await opened.close();

  const ofWhole = median(rounds.map((round) => sumOf(round)));
  const parts = [...(rounds[0] as Map<string, number>).keys()].map((part) => {
    const ms = median(rounds.map((round) => round.get(part) ?? 0));
    return [part, ms.toFixed(3), `${((100 * ms) / ofWhole).toFixed(1)} %`];
  });
  process.stdout.write(
    [
      `slm run ${name} on ${flags.model}${untuned ? ', as shipped' : ', tuned'} (${opened.task.profile.method}): ${lines.length} records, ${tokens.toFixed(1)} new tokens a record, one slot, one thread, median of ${rounds.length} rounds; ${machine()}`,
      '',
      markdownTable(['part', 'ms a record', 'share'], [...parts, ['together', ofWhole.toFixed(3), '100.0 %']]),
      '',
      '',
    ].join('\n'),
  );

  /** Milliseconds a record, by part. */
  async function once(some: readonly string[]): Promise<Map<string, number>> {
    spent.clear();
    const start = performance.now();
    const records = await recordsOf(some, profile.input);
    const read = performance.now();
    let written = '';
    let formatting = 0;
    for (const record of records) {
      for await (const prediction of predict(task, only(record), { explain: false, now: () => performance.now() })) {
        const begun = performance.now();
        written += format.prediction(prediction, options);
        formatting += performance.now() - begun;
      }
    }
    const end = performance.now();
    if (written === '') throw new Error('nothing came out');
    const slot = total('slot');
    const native = total('decodeBatch', 'sampleToken', 'saveState', 'removeCells');
    const each = (ms: number) => ms / some.length;
    return new Map([
      ['read lines, make records', each(read - start)],
      ['render the prompt, features of words, decode the labels', each(total('predictor') - total('tokenise') - slot)],
      ['tokenise and detokenise', each(total('tokenise'))],
      ['model: evaluate the batch', each(total('decodeBatch'))],
      ['model: read outputs (sampler)', each(total('sampleToken'))],
      ['save the state to a file', each(total('saveState'))],
      ['back to the prefix', each(total('removeCells'))],
      ['engine around it: read the state file, queues of the library', each(slot - native)],
      ['format (tsv)', each(formatting)],
      ['the rest of the stream', each(end - read - formatting - total('predictor'))],
    ]);
  }
}

function sumOf(parts: ReadonlyMap<string, number>): number {
  return [...parts.values()].reduce((sum, ms) => sum + ms, 0);
}

async function recordsOf(some: readonly string[], input: string): Promise<InputRecord[]> {
  const bytes = Buffer.from(some.map((text) => `${text}\n`).join(''));
  const source = {
    file: '-',
    async *open() {
      yield bytes;
    },
  };
  const records: InputRecord[] = [];
  for await (const row of readers.lines.read(source, { maxRecordBytes: 8 << 20, onWarning: say })) {
    const record = recordOf(row, records.length, input, null);
    if (!isBadRow(record)) records.push(record);
  }
  return records;
}

async function* only(record: InputRecord): AsyncIterable<InputRecord> {
  yield record;
}

// biome-ignore lint/suspicious/noExplicitAny: any function at all
type AnyFunction = (...args: any[]) => any;

/** The function, with what it takes until it returns, or its promise is kept, added to `spent`. */
function timed(name: string, work: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: unknown[]) {
    const start = performance.now();
    const add = () => spent.set(name, total(name) + performance.now() - start);
    const result: unknown = work.apply(this, args);
    if (result instanceof Promise) return result.finally(add);
    add();
    return result;
  };
}

function watch(): void {
  replace(LlamaModel.prototype, 'tokenize', 'tokenise');
  replace(LlamaModel.prototype, 'detokenize', 'tokenise');
  for (const method of ['scoreContinuations', 'scoreNext', 'headScores', 'decode', 'generate'])
    replace(Slot.prototype, method, 'slot');
  const { createContext } = LlamaModel.prototype;
  LlamaModel.prototype.createContext = async function (...args) {
    const made = await createContext.apply(this, args);
    if (!(made instanceof LlamaContext)) throw new Error('the library has two copies of its classes');
    const native = (made as unknown as { readonly _ctx: object })._ctx;
    replace(native, 'decodeBatch', 'decodeBatch');
    replace(native, 'sampleToken', 'sampleToken');
    replace(native, 'saveSequenceStateToFile', 'saveState');
    replace(native, 'removeTokenCellsFromSequence', 'removeCells');
    return made;
  };
}

function replace(owner: object, method: string, name: string): void {
  const work: unknown = Reflect.get(owner, method);
  if (typeof work !== 'function') throw new Error(`the library has no ${method} any more`);
  Object.defineProperty(owner, method, { configurable: true, value: timed(name, work as AnyFunction) });
}

function folders() {
  return { cwd: context.cwd, folders: [{ directory: path.join(root, 'tasks'), title: 'built in' }] };
}

function surroundingsFor(config: string | undefined): Surroundings {
  return {
    stdin: process.stdin,
    env: { ...process.env, XDG_CONFIG_HOME: path.resolve(config ?? path.join(root, 'bench', 'no-config')) },
    // Not the repository: there, the built-in tasks count as the user's own.
    cwd: path.dirname(root),
    home: homedir(),
    temporary: tmpdir(),
    user: userInfo().username,
    version: 'bench',
    offline: false,
    packageRoot: root,
    program: null,
    now: () => performance.now(),
    date: () => Date.now(),
    scratch: () => tmpdir(),
    memoryBytes: () => process.memoryUsage.rss(),
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
    notice: say,
    preparing: () => undefined,
    measuring: () => undefined,
    tuning: () => undefined,
    downloads: () => ({}),
    engineLog: null,
    hostOutput: () => undefined,
    signal: new AbortController().signal,
  };
}
