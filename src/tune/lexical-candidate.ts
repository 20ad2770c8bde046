import { crossValidate } from '../linear/cross-validation.js';
import { logProbabilities } from '../linear/model.js';
import { fitClassTfidf, tfidfTransform } from '../linear/tfidf.js';
import { outputsOf, targetsOf } from '../methods/candidates/classify-outputs.js';
import { breath } from '../methods/candidates/event-loop.js';
import type { Candidate } from '../methods/candidates/types.js';
import type { TaskProfile } from '../types.js';

/** Strengths of L2 to choose from; as many terms as a large dictionary has take seconds a fit. */
const grids = {
  single: { small: [3, 1, 0.3, 0.1, 0.03], large: [1, 0.3] },
  multi: { small: [0.3, 0.1, 0.03, 0.01], large: [0.1, 0.03] },
};

/** The yardstick: counts of words and characters, without a model. */
export function lexicalCandidate(profile: TaskProfile, seed: number): Candidate {
  return {
    key: 'lexical classifier 2',
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
        grid: grids[targets.kind][large ? 'large' : 'small'],
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
