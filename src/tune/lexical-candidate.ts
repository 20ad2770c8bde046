import { crossValidate } from '../linear/cross-validation.js';
import { logProbabilities } from '../linear/model.js';
import { fitClassTfidf, tfidfTransform } from '../linear/tfidf.js';
import type { TaskProfile } from '../types.js';
import { breath } from './breath.js';
import { outputsOf, targetsOf } from './classify-outputs.js';
import type { Candidate } from './types.js';

/** The yardstick: counts of words and characters, without a model. */
export function lexicalCandidate(profile: TaskProfile, seed: number): Candidate {
  return {
    key: 'lexical classifier 1',
    title: 'TF-IDF of words and characters, no model',
    kind: 'yardstick',
    words: true,
    complexity: 0,
    layers: 0,
    async heldOut(examples) {
      const texts = examples.map(({ record }) => record.text);
      const { tfidf, large } = fitClassTfidf(texts, profile.labels.length);
      const X = tfidfTransform(tfidf)(texts);
      const targets = targetsOf(profile, examples);
      const { heldOut } = crossValidate(X, targets, {
        grid: large ? [1, 0.3] : [3, 1, 0.3, 0.1, 0.03],
        folds: large ? 2 : 5,
        seed,
        tolerance: 1e-4,
      });
      await breath();
      const link = targets.kind === 'multi' ? 'sigmoid' : 'softmax';
      return { outputs: outputsOf(profile, logProbabilities(heldOut, link)), tokensPerRecord: 0 };
    },
    finish: null,
  };
}
