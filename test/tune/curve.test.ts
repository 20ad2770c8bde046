import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Candidate } from '../../src/methods/candidates/types.js';
import { learningCurves } from '../../src/tune/learning-curve.js';
import { measureCandidate } from '../../src/tune/measure.js';
import { tuningMetric } from '../../src/tune/objective.js';
import type { Example } from '../../src/types.js';
import { labelled, profileWith } from '../helpers/profiles.js';

const profile = profileWith();
const examples = Array.from({ length: 60 }, (_, i) => labelled(`text ${i}`, i % 2 === 0 ? 'positive' : 'negative'));

/** Always says "positive", and remembers on how many examples. */
function candidate(key: string, asked: string[], finish: Candidate['finish']): Candidate {
  return {
    ...{ key, title: key, method: 'head', turn: 0, words: false, complexity: 1, layers: 1 },
    async heldOut(part) {
      asked.push(`${key} ${part.length}`);
      const scores = { positive: 1, negative: 0 };
      const output = { type: 'classify', labels: ['positive'], abstained: false, score: 1, scores } as const;
      return { outputs: part.map(() => output), tokensPerRecord: 1 };
    },
    finish,
  };
}

async function curvesWith(inPrompt: number) {
  const asked: string[] = [];
  const chosen = {
    ...candidate('chosen', asked, async () => ({ options: {}, learned: {} })),
    inPrompt: new Set(examples.slice(0, inPrompt)),
  };
  const baseline = candidate('baseline', asked, null);
  const options = {
    seed: 1,
    onTrial: () => undefined,
    journal: { get: async () => null, set: async () => undefined },
  };
  const reserved = new Set<Example>();
  const metric = tuningMetric(profile, examples);
  const { trial: after } = await measureCandidate(profile, chosen, examples, {
    ...options,
    metric,
    objective: metric,
    reserved,
  });
  const { trial: lexical } = await measureCandidate(profile, baseline, examples, {
    ...options,
    metric,
    objective: metric,
    reserved,
  });
  asked.length = 0;
  const rounds = [lexical, after];
  const curves = await learningCurves(
    profile,
    [baseline, chosen],
    { rounds, chosen, metric, objective: metric, reserved },
    after,
    options,
  );
  const points = curves.map(({ title, points }) => `${title} ${points.map(({ n }) => n).join(' ')}`);
  return { asked, points };
}

describe('learning curves', () => {
  it('add a quarter and a half of the examples to what the search has measured', async () => {
    const { asked, points } = await curvesWith(0);
    assert.deepEqual(points, ['chosen 15 30 60', 'baseline 15 30 60']);
    assert.deepEqual(asked, ['chosen 15', 'chosen 30', 'baseline 15', 'baseline 30']);
  });

  it('leave out parts of which the prompt holds more than a third', async () => {
    assert.deepEqual((await curvesWith(8)).points, ['chosen 30 60', 'baseline 30 60']);
  });
});
