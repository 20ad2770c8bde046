import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textVectors } from '../../src/methods/candidates/text-vectors.js';
import type { Candidate, CandidatePlan, Trial, TuneSession } from '../../src/methods/candidates/types.js';
import { methodOf } from '../../src/methods/index.js';
import type { MethodContext } from '../../src/methods/types.js';
import { planFor } from '../../src/tune/plan.js';
import type { ClassifyGold, ClassifyOutput, EngineWith, Example } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { labelled, labelOf, profileWith } from '../helpers/profiles.js';
import { sessionWith } from '../helpers/tune-session.js';

const examples: Example[] = Array.from({ length: 200 }, (_, i) =>
  labelled(`${i % 2 === 0 ? 'fine' : 'poor'} thing number ${i}`, i % 2 === 0 ? 'positive' : 'negative'),
);
const prompt = { ...profileWith().prompt, variants: [] };
const states: TuneSession['states'] = async () => {
  throw new Error('nothing is read here');
};
const all = { kind: 'auto', words: true } as const;
const planOf = (changes: Partial<TuneSession> = {}) =>
  planFor(sessionWith({ profile: profileWith({ prompt }), ...changes }), examples, all);
const manyNames = Array.from({ length: 20 }, (_, i) => `label${i}`);
const manyLabels = manyNames.map((name) => labelOf(name));
const textsOfMany = (each: number) =>
  manyNames.flatMap((name) => Array.from({ length: each }, (_, i) => labelled(`${name} ${i}`, name)));
const titles = (list: readonly Candidate[] = []) => list.map(({ title }) => title);

/** The further candidates when the one with this title was best. */
function after(plan: CandidatePlan, best: string): string[] {
  const trials = plan.candidates.map((candidate): [Candidate, Trial] => [
    candidate,
    { objectiveValue: candidate.title === best ? 1 : 0 } as Trial,
  ]);
  return titles(plan.next?.(new Map(trials)));
}

describe('ways to classify', () => {
  it('are label scores after more or fewer examples, where no head can be made', async () => {
    const plan = await planOf();
    assert.deepEqual(titles(plan.candidates).slice(1), [
      'label scores, 0 examples in the prompt',
      'label scores, 8 examples in the prompt',
      'label scores, 16 examples in the prompt',
      'label scores, 8 varied examples in the prompt',
    ]);
    assert.equal(plan.candidates[0]?.finish, null);
    assert.deepEqual(after(plan, 'label scores, 8 examples in the prompt'), [
      'label scores, 3 prompts with 8 examples each',
      'label scores, 8 nearest examples in the prompt',
    ]);
    // Other sets of varied examples would be lost for measuring.
    assert.deepEqual(after(plan, 'label scores, 8 varied examples in the prompt'), [
      'label scores, 8 nearest examples in the prompt',
    ]);
  });

  it('are heads too, and of the best one others with more or fewer blocks or with words', async () => {
    const plan = await planOf({ states, blocks: 18 });
    const head = 'head, 12 layers, 16 examples in the prompt';
    assert.ok(titles(plan.candidates).includes(head));
    assert.ok(titles(plan.candidates).includes(`${head}, last and mean`));
    assert.deepEqual(after(plan, head), [
      'head, 14 layers, 16 examples in the prompt',
      'head, 14 layers, 16 examples in the prompt, last and mean',
      `${head}, with words`,
      `${head}, last and mean, with words`,
      'head, 14 layers, 16 examples in the prompt, last and mean, with words',
      'head, 10 layers, 16 examples in the prompt',
      'head, 10 layers, 16 examples in the prompt, last and mean',
      'head, 12 layers, 3 prompts with 16 examples each',
      'label scores, 8 nearest examples in the prompt',
    ]);
  });

  it('are heads joined with an embedding model, where there is one, and run by both', async () => {
    const embed = (text: string) => Float32Array.of(text.includes('fine') ? 1 : -1, text.length / 100);
    const embedder = { embed: async (texts: readonly string[]) => texts.map(embed) } as EngineWith<'embeddings'>;
    const bare = sessionWith({
      profile: profileWith({ prompt }),
      states: async () => ({
        slots: 1,
        // The states say nothing.
        read: async () => Float32Array.of(0.5, -0.5),
        dispose: async () => undefined,
      }),
      blocks: 18,
      width: 2,
    });
    const learned = { model: 'minilm', sha256: 'ab', prefix: 'query: ' };
    const other = { ...embedder, dimensions: 2 };
    const beside = { ...textVectors(bare, other, 'query: ', examples), embedder: learned, engine: other };
    const plan = await planFor({ ...bare, beside }, examples, { ...all, words: false });
    const head = 'head, 12 layers, 16 examples in the prompt';
    const best = plan.candidates.find(({ title }) => title === head) as Candidate;
    const next = plan.next?.(new Map([[best, { objectiveValue: 1 } as Trial]])) ?? [];
    const joined = next.find(({ title }) => title === `${head}, with an embedding`) as Candidate;
    assert.equal(joined.complexity, 2);
    const asked = examples.filter((example) => !best.inPrompt?.has(example));
    const { outputs } = await joined.heldOut(examples, new Int32Array(examples.length));
    const right = asked.filter((example) => {
      const output = outputs[examples.indexOf(example)] as ClassifyOutput;
      return output.labels[0] === (example.gold as ClassifyGold).labels[0];
    });
    assert.equal(right.length, asked.length);

    const fitted = await (joined.finish as NonNullable<typeof joined.finish>)(examples, {} as Trial);
    assert.deepEqual(fitted.learned.embedder, learned);
    const tuned = { file: 'tuned.yaml', digest: '', learned: fitted.learned, numbers: fitted.numbers?.stored ?? null };
    const profile = profileWith({ prompt, method: 'head', options: { shots: 0 }, tuned });
    assert.deepEqual(methodOf(profile).embedderOf?.(profile), learned);
    const read: string[] = [];
    const engine = fakeEngine({ outputs: (_, count) => Array.from({ length: count }, () => 0) });
    const predictor = await methodOf(profile).prepare({
      profile,
      engine,
      embedder: {
        embed: async (texts: readonly string[]) => {
          read.push(...texts);
          return texts.map(embed);
        },
      } as EngineWith<'embeddings'>,
      documents: [],
      ownDocuments: async () => [],
      cache: { get: async () => null, set: async () => undefined },
      onProgress: () => undefined,
    } as MethodContext<never>);
    const { record } = labelled('a fine thing', 'positive');
    const { output } = await predictor.predict({ record, text: record.text, explain: false });
    assert.ok(((output as ClassifyOutput).scores.positive as number) > 0.9);
    assert.deepEqual(read, ['query: a fine thing']);
  });

  it('take no more blocks than are allowed, and none twice', async () => {
    const plan = await planOf({ states, blocks: 18, mostBlocks: 11 });
    const head = 'head, 11 layers, 16 examples in the prompt';
    assert.deepEqual(after(plan, head).slice(0, 4), [
      `${head}, with words`,
      `${head}, last and mean, with words`,
      'head, 10 layers, 16 examples in the prompt',
      'head, 10 layers, 16 examples in the prompt, last and mean',
    ]);
  });

  it('are heads alone where not every label can be shown, or several hold at once', async () => {
    const list = textsOfMany(6);
    const changes = { prompt, labels: manyLabels };
    for (const multiLabel of [false, true]) {
      const session = sessionWith({ profile: profileWith({ ...changes, multiLabel }), states, blocks: 18 });
      assert.deepEqual(titles((await planFor(session, list, all)).candidates).slice(1), [
        'head, 14 layers, 16 examples in the prompt',
        'head, 14 layers, 16 examples in the prompt, last and mean',
        ...(multiLabel ? [] : ['label scores, 0 examples in the prompt']),
      ]);
    }
  });

  it('are heads with words, deeper and after several prompts, where labels are many', async () => {
    const list = textsOfMany(12);
    const profile = profileWith({ prompt, labels: manyLabels });
    const planWith = (words: boolean) => planFor(sessionWith({ profile, states, blocks: 18 }), list, { ...all, words });
    const head = 'head, 14 layers, 16 examples in the prompt';
    assert.deepEqual(after(await planWith(true), head), [
      `${head}, with words`,
      `${head}, last and mean, with words`,
      'head, 16 layers, 16 examples in the prompt, with words',
      'head, 16 layers, 16 examples in the prompt, last and mean, with words',
      'head, 14 layers, 3 prompts with 16 examples each, with words',
      'label scores, 8 nearest examples in the prompt',
    ]);
    assert.deepEqual(after(await planWith(false), head), [
      'head, 16 layers, 16 examples in the prompt',
      'head, 16 layers, 16 examples in the prompt, last and mean',
      'head, 14 layers, 3 prompts with 16 examples each',
      'label scores, 8 nearest examples in the prompt',
    ]);
  });

  it('are label scores after other templates without examples, where not every label can be shown', async () => {
    const list = textsOfMany(6);
    const variants = ['{{ text }}\nTopic:'];
    const profile = profileWith({ prompt: { ...prompt, variants }, labels: manyLabels });
    assert.deepEqual(titles((await planFor(sessionWith({ profile }), list, all)).candidates).slice(1), [
      'label scores, 0 examples in the prompt',
      'label scores, 0 examples in the prompt, "Topic:"',
    ]);
  });

  it('do without the instruction where it names more labels than the context has room for', async () => {
    const instruction = '{% for label in labels %}{{ label.word }} {% endfor %}'.repeat(100);
    const changes = { prompt: { ...prompt, instruction }, labels: manyLabels };
    const session = sessionWith({ profile: profileWith(changes), states, blocks: 18 });
    const { candidates } = await planFor(session, textsOfMany(6), all);
    const head = 'head, 14 layers, 16 examples in the prompt, without instruction';
    assert.ok(titles(candidates).includes(head), titles(candidates).join('; '));
    assert.ok(
      titles(candidates)
        .slice(1)
        .every((title) => title.includes('without instruction')),
    );
  });

  it('measure nothing on what stands in a prompt, or may come to stand in one', async () => {
    const { candidates, reserved } = await planOf();
    const shown = new Set(candidates.flatMap(({ inPrompt }) => [...(inPrompt ?? [])]));
    // The first 16, and 8 varied ones that may be among them; two further sets for the first 8, and two for the 16.
    assert.ok(shown.size >= 16 && shown.size <= 24, `${shown.size}`);
    assert.equal(reserved?.size, 40);
  });
});
