import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Candidate, CandidatePlan, Trial, TuneSession } from '../../src/methods/candidates/types.js';
import { planFor } from '../../src/tune/plan.js';
import type { Example } from '../../src/types.js';
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

  it('measure nothing on what stands in a prompt, or may come to stand in one', async () => {
    const { candidates, reserved } = await planOf();
    const shown = new Set(candidates.flatMap(({ inPrompt }) => [...(inPrompt ?? [])]));
    // The first 16, and 8 varied ones that may be among them; two further sets for the first 8, and two for the 16.
    assert.ok(shown.size >= 16 && shown.size <= 24, `${shown.size}`);
    assert.equal(reserved?.size, 40);
  });
});
