import { SlmError } from '../errors.js';
import type { Candidate, Trial } from '../methods/candidates/types.js';
import { pairedDifference } from '../metrics/significance.js';
import type { PreparedMetric } from '../metrics/types.js';
import type { TaskProfile } from '../types.js';
import { costOf } from './cost.js';
import { type MeasureOptions, prepare } from './measure.js';

/** What was chosen among the candidates. */
export interface Selection {
  /** The last measurement of each candidate, best first. */
  readonly trials: readonly Trial[];
  /** The candidate that is taken: the simplest that is not clearly worse than the best. */
  readonly chosen: Candidate;
  readonly best: Trial;
  readonly bestCandidate: Candidate;
}

export interface SelectOptions {
  readonly seed: number;
  /** What is taken: the simplest that is not clearly worse than the best, or the best whatever it costs. Defaults to the simplest. */
  readonly take?: 'simplest' | 'best';
}

/**
 * Of the candidates measured on most examples, the simplest that is not clearly worse than the best, neither by what
 * they are compared by nor by the score: the interval of one standard error of the paired difference holds 0, or of two
 * where the best is much dearer (the rule of L. Breiman et al., "Classification and Regression Trees", 1984, 3.4.3,
 * with the difference in place of the value). Of several that are as simple, the best of the cheap ones.
 */
export function select(
  profile: TaskProfile,
  measured: ReadonlyMap<Candidate, Trial>,
  { metric, objective }: Pick<MeasureOptions, 'metric' | 'objective'>,
  { seed, take }: SelectOptions,
): Selection {
  const all = [...measured].sort(
    ([, a], [, b]) => b.n - a.n || b.objectiveValue - a.objectiveValue || a.complexity - b.complexity,
  );
  const usable = all.filter(([candidate]) => candidate.finish !== null);
  const [first] = usable;
  if (first === undefined) throw new SlmError('interrupted', 'interrupted before anything was measured');
  const [bestCandidate, best] = first;
  const { examples } = best;
  const asGood = usable.filter(([, trial]) => {
    if (trial.n !== best.n) return false;
    if (trial === best) return true;
    if (take === 'best') return false;
    const level = costOf(best) > muchDearer * costOf(trial) ? twoErrors : oneError;
    return [...new Set([objective, metric])].every((measure) => {
      const [reference, other] = [best, trial].map(({ outputs }) => prepare(profile, examples, outputs, measure));
      const [first, second] = measure.better === 'lower' ? [other, reference] : [reference, other];
      const difference = pairedDifference(first as PreparedMetric, second as PreparedMetric, {
        seed,
        resamples: 300,
        level,
      });
      return difference !== null && difference.interval.low <= 0;
    });
  });
  const simplest = Math.min(...asGood.map(([, { complexity }]) => complexity));
  const simple = asGood.filter(([, { complexity }]) => complexity === simplest);
  const cheapest = Math.min(...simple.map(([, trial]) => costOf(trial)));
  const [chosen] = simple.find(([, trial]) => costOf(trial) <= cheap * cheapest) ?? first;
  return { trials: all.map(([, trial]) => trial), chosen, best, bestCandidate };
}

/** Shares of a normal distribution within one and two standard errors. */
const oneError = 0.6827;
const twoErrors = 0.9545;
/** What costs so many times as much for each record has to be better beyond doubt. */
const muchDearer = 2.5;
/** What costs up to so many times as much as the cheapest is cheap, too: the better one is taken then. */
const cheap = 1.25;
