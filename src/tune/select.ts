import { SlmError } from '../errors.js';
import type { Candidate, Trial } from '../methods/candidates/types.js';
import { type PairedDifference, pairedDifference } from '../metrics/significance.js';
import type { Metric } from '../metrics/types.js';
import type { Example, Output, TaskProfile } from '../types.js';
import { costOf } from './cost.js';
import { type MeasureOptions, prepare } from './measure.js';

/** The candidate that was chosen, and why. */
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
  /**
   * The candidate to choose: the simplest that is not clearly worse than the best, or the best whatever it costs.
   * Defaults to the simplest.
   */
  readonly take?: 'simplest' | 'best';
}

/**
 * Chooses among the candidates that were measured on most examples: the simplest one that is not clearly worse than the
 * best, neither by the objective nor by the score. "Not clearly" means that the interval of one standard error of the
 * paired difference contains 0, or of two standard errors where the best is much more expensive (the rule of L. Breiman
 * et al., "Classification and Regression Trees", 1984, 3.4.3, with the difference in place of the value). Among equally
 * simple candidates it chooses the best of the cheap ones.
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
    const level = shareWithin[errorsToBeat(best, trial)];
    return [...new Set([objective, metric])].every((measure) => {
      const difference = leadOf(profile, examples, [best.outputs, trial.outputs], measure, { seed, level });
      return difference !== null && difference.interval.low <= 0;
    });
  });
  const simplest = Math.min(...asGood.map(([, { complexity }]) => complexity));
  const simple = asGood.filter(([, { complexity }]) => complexity === simplest);
  const cheapest = Math.min(...simple.map(([, trial]) => costOf(trial)));
  const [chosen] = simple.find(([, trial]) => costOf(trial) <= cheap * cheapest) ?? first;
  return { trials: all.map(([, trial]) => trial), chosen, best, bestCandidate };
}

/** How much better the first outputs are than the second ones, by a metric; null where it is undefined for one of them. */
export function leadOf(
  profile: TaskProfile,
  examples: readonly Example[],
  [first, second]: readonly [readonly Output[], readonly Output[]],
  measure: Metric,
  options: { readonly seed: number; readonly level: number },
): PairedDifference | null {
  const [one, other] = measure.better === 'lower' ? [second, first] : [first, second];
  const prepared = (outputs: readonly Output[]) => prepare(profile, examples, outputs, measure);
  return pairedDifference(prepared(one), prepared(other), { ...options, resamples: 300 });
}

/** Shares of a normal distribution within one and two standard errors. */
export const shareWithin = { 1: 0.6827, 2: 0.9545 };
/** A candidate that costs this many times as much for each record has to be clearly better. */
const muchDearer = 2.5;

/** How many standard errors of the difference the first one must be better by to be clearly better than the other. */
export function errorsToBeat(first: Trial, other: Trial): 1 | 2 {
  return costOf(first) > muchDearer * costOf(other) ? 2 : 1;
}

/** A candidate that costs up to this many times as much as the cheapest is cheap too: then the better one is chosen. */
const cheap = 1.25;
