import { strongestBaseline } from '../baselines/index.js';
import { eventLoopTurn } from '../methods/candidates/event-loop.js';
import { foldByFold } from '../methods/candidates/fold-by-fold.js';
import type { Candidate, TuneSession } from '../methods/candidates/types.js';
import { withValue } from '../task-types/generate/values.js';
import type { Example, Output } from '../types.js';

/** The best that can be had without a model, measured as candidates are. It cannot be taken. */
export function baselineCandidate(
  { profile, seed }: Pick<TuneSession<never>, 'profile' | 'seed'>,
  examples: readonly Example[],
): Candidate {
  const baseline = strongestBaseline(profile.type, examples);
  const context = { labels: profile.labels.map(({ name }) => name), multiLabel: profile.multiLabel, seed };
  return {
    key: `baseline 1 ${baseline.name}`,
    title: `${baseline.title}, no model`,
    method: null,
    turn: -1,
    words: true,
    complexity: 0,
    layers: 0,
    async heldOut(part, folds) {
      const outputs = baseline.heldOut?.(part, context) ?? (await learnedByFold(part, folds));
      await eventLoopTurn();
      // A baseline copies text; where there is a schema, its value is what is compared.
      return { outputs: profile.schema === null ? outputs : outputs.map(withValue), tokensPerRecord: 0 };
    },
    finish: null,
  };

  function learnedByFold(part: readonly Example[], folds: Int32Array): Promise<Output[]> {
    return foldByFold(folds, (others) => {
      const predict = baseline.train(
        others.map((i) => part[i] as Example),
        context,
      );
      return (i) => predict((part[i] as Example).record);
    });
  }
}
