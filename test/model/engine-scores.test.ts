import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { getLlama, LlamaLogLevel, type Token as NativeToken } from 'node-llama-cpp';
import { openEngine } from '../../src/engines/llama/open-engine.js';
import { SlmError } from '../../src/errors.js';
import type { LocalEngine, Prompt } from '../../src/types.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { root } from '../helpers/slm.js';

const reviews = [
  'The soup was cold and the waiter laughed at us.',
  'A lovely little hotel, we will be back in spring.',
  'It rattles. It squeaks. It smells. I want my money back.',
  'Grandmother cried with joy when the music began.',
  'Two hours late, and then the wrong platform.',
  'Crisp picture, rich sound, fair price.',
];
const labels = [' positive', ' negative', ' very good indeed', ' very bad indeed', ' very', ' quite good'];

/** Of about 700 tokens: more than the sliding window of Gemma 3 (512). */
const longText = Array.from({ length: 70 }, (_, i) => `On day ${i} the train to the coast was late again.`).join(' ');

function promptOf(engine: LocalEngine, text: string): Prompt {
  const prefix = [
    ...engine.bos,
    ...engine.tokenize(
      'Review: I loved every minute.\nMood: positive\n\nReview: Dull and far too long.\nMood: negative\n',
    ),
  ];
  return { prefix: [prefix], input: engine.tokenize(`\nReview: ${text}\nMood:`) };
}

const wordsOf = (engine: LocalEngine) => labels.map((label) => engine.tokenize(label));

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) {
    const difference = Math.abs(value - (expected[i] as number));
    assert.ok(difference <= tolerance, `${i}: ${value} and ${expected[i]} differ by ${difference}`);
  }
}

/** One thread a slot, whatever the number of slots: the same arithmetic. */
async function open(name: string, slots: 1 | 2, contextSize = 1536): Promise<LocalEngine> {
  const engine = await openEngine({ path: await modelFile(name), threads: slots, contextSize });
  assert.equal(engine.slots, slots);
  return engine;
}

for (const name of [smollm, gemma]) {
  describe(name, () => {
    let engine: LocalEngine;
    before(async () => {
      engine = await open(name, 1);
    });
    after(() => engine.dispose());

    test('a seed draws the same text again, whatever was drawn before', async () => {
      const drawn = async (seed: number) => {
        const sample = { temperature: 1, seed };
        return (await engine.generate(promptOf(engine, reviews[0] as string), { maxTokens: 16, sample })).text;
      };
      const first = await drawn(2);
      assert.equal(await drawn(2), first);
      assert.notEqual(await drawn(3), first);
      assert.equal(await drawn(2), first);
    });

    test("scores equal the library's own full softmax after the same calls", async () => {
      const prompt = promptOf(engine, reviews[0] as string);
      const tokens = [...new Set(wordsOf(engine).map((word) => word[0] as number))];
      const scores = await engine.scoreContinuations(
        prompt,
        tokens.map((token) => [token]),
      );
      const expected = await fullSoftmax(engine, prompt);
      // The same batches give the same logits; what is left is the rounding of 32-bit floats.
      assertClose(
        scores,
        tokens.map((token) => Math.log(expected.get(token) as number)),
        0.001,
      );
    });

    test('a continuation of several tokens scores the sum of its steps', async () => {
      const prompt = promptOf(engine, reviews[1] as string);
      const words = wordsOf(engine);
      const scores = await engine.scoreContinuations(prompt, words);
      for (const [i, word] of words.entries()) {
        const forced = await engine.decode(prompt, (soFar) => word.slice(soFar.length, soFar.length + 1), {
          maxTokens: word.length,
        });
        assert.deepEqual(forced.tokens, word);
        // The trie may evaluate two tokens in one batch, decoding goes one by one: another shape, other rounding.
        assertClose([sum(forced.logprobs)], [scores[i] as number], 0.05);
        assert.ok(forced.choiceLogprobs.every((choice) => Math.abs(choice) < 1e-6));
      }
    });

    test('a trie scores as one continuation after the other does', async () => {
      const prompt = promptOf(engine, reviews[2] as string);
      const words = wordsOf(engine);
      const together = await engine.scoreContinuations(prompt, words);
      const alone: number[] = [];
      for (const word of words) alone.push(...(await engine.scoreContinuations(prompt, [word])));
      // A shared beginning is a batch of its own in the trie and part of a longer one alone: quantised kernels
      // round differently by the shape of the batch.
      assertClose(together, alone, 0.05);
      assert.equal(new Set(together.map((score) => score.toFixed(3))).size, words.length);
    });

    test('the same continuations in another order have the same scores', async () => {
      const prompt = promptOf(engine, reviews[2] as string);
      const words = wordsOf(engine);
      const forwards = await engine.scoreContinuations(prompt, words);
      const backwards = await engine.scoreContinuations(prompt, [...words].reverse());
      assertClose(backwards.reverse(), forwards, 1e-9);
    });

    test('probabilities over the vocabulary sum to 1', async () => {
      const { vocabularySize } = engine.model;
      const prompt = promptOf(engine, reviews[3] as string);
      const tokens = [...(prompt.prefix[0] as number[]), ...prompt.input];
      // One new token a call, so that the filter is what the time goes into: 256 tokens at once are the cheapest.
      const last: Prompt = { prefix: [tokens.slice(0, -1)], input: tokens.slice(-1) };
      const whole = vocabularySize < 100_000;
      const step = whole ? 256 : 8192;
      let mass = 0;
      for (let start = 0; start < vocabularySize; start += step) {
        const some = Array.from({ length: Math.min(256, vocabularySize - start) }, (_, i) => start + i);
        const [scores] = await engine.scoreNext(last, [0], some);
        mass += sum((scores as number[]).map(Math.exp));
      }
      // The library sums the weights of the whole vocabulary in 32-bit floats.
      assert.ok(mass <= 1.001, `${mass}`);
      if (whole) assert.ok(mass >= 0.999, `${mass}`);
    });

    test('scoreNext gives a row a position, in the order of its tokens', async () => {
      const prompt = promptOf(engine, reviews[4] as string);
      const [a, b] = wordsOf(engine).map((word) => word[0] as number) as [number, number];
      const [third, seventh] = await engine.scoreNext(prompt, [3, 7], [a, b]);
      assert.equal(third?.length, 2);
      // The same batch, whatever is read from it.
      assert.deepEqual(await engine.scoreNext(prompt, [7], [b, a]), [[...(seventh as number[])].reverse()]);
      assert.notDeepEqual(third, seventh);
    });

    test('positions come back in the order asked for', async () => {
      const prompt = promptOf(engine, reviews[4] as string);
      const tokens = wordsOf(engine).map((word) => word[0] as number);
      const forwards = await engine.scoreNext(prompt, [3, 7], tokens);
      assert.deepEqual(await engine.scoreNext(prompt, [7, 3], tokens), [...forwards].reverse());
    });

    test('a record scores the same to the last bit after a long one, in another order, on one slot or two', async () => {
      const words = wordsOf(engine).slice(0, 3);
      const score = (on: LocalEngine, text: string) => on.scoreContinuations(promptOf(on, text), words);
      const expected: number[][] = [];
      for (const text of reviews) expected.push(await score(engine, text));

      const long = promptOf(engine, longText);
      assert.ok(long.input.length > 700, `${long.input.length}`);
      await engine.scoreContinuations(long, words);
      for (const [i, text] of reviews.entries()) assert.deepEqual(await score(engine, text), expected[i]);

      for (const i of [5, 0, 3, 1, 4, 2]) assert.deepEqual(await score(engine, reviews[i] as string), expected[i]);

      const two = await open(name, 2);
      try {
        const texts = [...reviews, longText, ...reviews];
        const found = await Promise.all(texts.map((text) => score(two, text)));
        assert.deepEqual(found.slice(0, 6), expected);
        assert.deepEqual(found.slice(7), expected);
      } finally {
        await two.dispose();
      }
    });

    test('a second part of the prefix is kept and changes nothing', async () => {
      const words = wordsOf(engine);
      const whole = promptOf(engine, reviews[0] as string);
      const parts: Prompt = { prefix: [...whole.prefix, whole.input.slice(0, 6)], input: whole.input.slice(6) };
      const first = await engine.scoreContinuations(parts, words);
      const before = engine.usage();
      const second = await engine.hold(() => engine.scoreContinuations(parts, words));
      assert.deepEqual(second, first);
      const used = engine.usage();
      const kept = parts.prefix.flat().length;
      assert.equal(used.reusedTokens - before.reusedTokens, kept);
      assert.ok(used.evaluatedTokens - before.evaluatedTokens < kept + whole.input.length);
    });

    test('a control token in user text is text', () => {
      const control = name === gemma ? '<end_of_turn>' : '<|im_end|>';
      const acting = engine.tokenize(control, { special: true });
      assert.equal(acting.length, 1);
      const text = `ignore this ${control} and that`;
      const plain = engine.tokenize(text);
      assert.ok(!plain.includes(acting[0] as number));
      assert.equal(engine.detokenize(plain), text);
    });

    test('a prompt longer than the context fails alone', async () => {
      const words = wordsOf(engine);
      const prompt = promptOf(engine, reviews[5] as string);
      const expected = await engine.scoreContinuations(prompt, words);
      const tooLong = promptOf(engine, `${longText} ${longText} ${longText}`);
      assert.ok(tooLong.input.length > engine.model.contextSize);
      const isClear = (error: unknown) =>
        error instanceof SlmError && /needs \d+ tokens, the context holds 1536/u.test(error.message);
      await assert.rejects(engine.scoreContinuations(tooLong, words), isClear);
      await assert.rejects(engine.scoreNext(tooLong, [0], [1]), isClear);
      await assert.rejects(engine.generate(tooLong, { maxTokens: 3 }), isClear);
      assert.deepEqual(await engine.scoreContinuations(prompt, words), expected);
    });

    test('generation ends with the grammar, at a stop string, or at the limit', async () => {
      const prompt = promptOf(engine, reviews[0] as string);
      const answer = await engine.generate(prompt, {
        maxTokens: 20,
        grammar: 'root ::= " " ("yes" | "no, not at all")',
      });
      assert.match(answer.text, /^ (yes|no, not at all)$/u);
      assert.equal(answer.stopReason, 'end');
      assert.ok(answer.tokens > 0);

      const letters = { maxTokens: 7, grammar: 'root ::= " " [a-z ]{200}' };
      const cut = await engine.generate(prompt, letters);
      assert.equal(cut.stopReason, 'length');
      assert.equal(cut.tokens, 7);
      assert.match(cut.text, /^ [a-z ]*$/u);

      const stop = [...'aeiou'];
      const stopped = await engine.generate(prompt, { maxTokens: 60, grammar: letters.grammar, stop });
      assert.equal(stopped.stopReason, 'stop');
      assert.doesNotMatch(stopped.text, /[aeiou]/u);

      assert.deepEqual(await engine.generate(prompt, letters), cut);
      await assert.rejects(engine.generate(prompt, { maxTokens: 5, grammar: 'root ::= (' }));
      assert.deepEqual(await engine.generate(prompt, letters), cut);
    });

    test('a signal ends a generation, and the slot goes on', async () => {
      const prompt = promptOf(engine, reviews[0] as string);
      const words = wordsOf(engine);
      const expected = await engine.scoreContinuations(prompt, words);
      const options = { maxTokens: 1400, grammar: 'root ::= [a-z ] root' };
      const before = engine.usage().generatedTokens;
      // 1,400 tokens take 10 s and more.
      const signal = AbortSignal.timeout(300);
      await assert.rejects(engine.generate(prompt, { ...options, signal }), { name: 'TimeoutError' });
      assert.ok(signal.aborted);
      const cancelled = engine.generate(prompt, { ...options, signal: AbortSignal.abort() });
      await assert.rejects(cancelled, { name: 'AbortError' });
      assert.ok(engine.usage().generatedTokens - before < 1400);
      assert.deepEqual(await engine.scoreContinuations(prompt, words), expected);
    });
  });
}

test('memory is flat over 800 records on two slots (Gemma)', async () => {
  const engine = await open(gemma, 2, 512);
  try {
    const prefix = promptOf(engine, '').prefix;
    const words = wordsOf(engine).slice(0, 2);
    const rss: number[] = [];
    for (let round = 1; round <= 200; round++) {
      const inputs = [0, 1, 2, 3].map((i) => engine.tokenize(` ${(round + i) % 10}`).slice(-1));
      await Promise.all(inputs.map((input) => engine.scoreContinuations({ prefix, input }, words)));
      if (round === 50 || round === 200) rss.push(process.memoryUsage.rss());
    }
    const grown = ((rss[1] as number) - (rss[0] as number)) / 1e6;
    // Without the pool of samplers it grows by 0.6 MB a call, which collections do not give back.
    assert.ok(grown < 100, `${grown.toFixed(0)} MB`);
  } finally {
    await engine.dispose();
  }
});

test('nothing that the engine does reaches stdout', async () => {
  const program = `
    import { openEngine } from './dist/engines/llama/open-engine.js';
    const engine = await openEngine({ path: process.argv[1], threads: 1, contextSize: 256 });
    const prompt = { prefix: [engine.tokenize('Hello')], input: engine.tokenize(' world') };
    await engine.scoreContinuations(prompt, [engine.tokenize(' again')]);
    await engine.generate(prompt, { maxTokens: 3 });
    await engine.generate(prompt, { maxTokens: 3, grammar: 'root ::= (' }).catch(() => undefined);
    await engine.dispose();
    await openEngine({ path: 'package.json', threads: 1 }).catch(() => undefined);
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program, await modelFile(smollm)], {
    cwd: path.join(root),
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stderr);
  assert.equal(child.stdout, '');
});

/** All probabilities after a prompt, by the library's public means, evaluated in the same two calls. */
async function fullSoftmax(engine: LocalEngine, prompt: Prompt): Promise<Map<number, number>> {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    progressLogs: false,
    skipDownload: true,
    logLevel: LlamaLogLevel.disabled,
    maxThreads: 1,
  });
  const model = await llama.loadModel({ modelPath: engine.model.path });
  const context = await model.createContext({ contextSize: 512, batchSize: 128, threads: 1, swaFullCache: true });
  const sequence = context.getSequence();
  await sequence.evaluateWithoutGeneratingNewTokens(prompt.prefix.flat() as NativeToken[]);
  const input = prompt.input as NativeToken[];
  const outputs = await sequence.controlledEvaluate([
    ...input.slice(0, -1),
    [input.at(-1) as NativeToken, { generateNext: { probabilities: true } }],
  ]);
  const probabilities = outputs.at(-1)?.next.probabilities;
  assert.ok(probabilities !== undefined);
  const copy = new Map([...probabilities].map(([token, probability]) => [token as number, probability]));
  await llama.dispose();
  assert.ok(copy.size > 0.9 * engine.model.vocabularySize);
  return copy;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
