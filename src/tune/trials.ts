import type { Candidate, Trial } from '../methods/candidates/types.js';
import type { Metric } from '../metrics/types.js';
import type { Example, TaskProfile } from '../types.js';
import { createTimeEstimate, type Step, type TimeAsItIs } from './expected-time.js';
import { isKnownTrial, measureCandidate, type TrialJournal } from './measure.js';
import type { TrialEvent } from './trial-event.js';

export interface TrialOptions {
  readonly seed: number;
  /** Milliseconds for all trials together. */
  readonly budgetMs: number;
  readonly now: () => number;
  /** Milliseconds so far that went into what does not grow with the examples, such as making files. Default: 0. */
  readonly preparedMs?: () => number;
  /** What is known of the time before the first trial. */
  readonly asItIs?: TimeAsItIs | null;
  /** Ends the search early; what was found so far counts. */
  readonly signal: AbortSignal;
  readonly onTrial: (event: TrialEvent) => void;
  /** Trials of earlier runs, and where this one's go. */
  readonly journal: TrialJournal;
}

export interface Skipped {
  readonly title: string;
  readonly n: number;
  /** With all that it would have had to read. */
  readonly seconds: number;
  /** What others read, too; null where it reads for itself. */
  readonly reading: string | null;
}

/** The final fit of a candidate. */
export interface Fitting {
  readonly examples: readonly Example[];
  /** By the estimate; 0 where nothing has to be read for it. */
  readonly ms: number;
}

/** Trials within a budget. */
export interface Trials {
  /**
   * Measures a candidate on the first `size` examples, unless that was done, or the budget would be over before it
   * ends. What an earlier run has measured, and one at least that can be taken, is there however small the budget is.
   */
  attempt(candidate: Candidate, size: number): Promise<void>;
  /**
   * The most examples, from those that they were measured on up to `size`, that there is time to measure all these
   * candidates on, by the estimate, within a share of what is left of the budget.
   */
  affordable(candidates: readonly Candidate[], size: number, share?: number): number;
  /** The examples that there is time to fit a candidate on, of all of them, and the milliseconds that it may take. */
  fitting(candidate: Candidate, limitMs: number): Fitting;
  /** Whether an earlier run has measured a candidate on the first `size` examples. */
  isKnown(candidate: Candidate, size: number): Promise<boolean>;
  /** The trial of a candidate on the first `size` examples. */
  on(candidate: Candidate, size: number): Trial | undefined;
  /** The last trial of each candidate that was measured on at most `size` examples. */
  upTo(size: number): Map<Candidate, Trial>;
  /** The sizes that one of these candidates was measured on, largest first. */
  sizesOf(candidates: readonly Candidate[]): number[];
  /** All, in the order in which they were made. */
  readonly all: readonly Trial[];
  /** The last attempt of each candidate that there was no time for. */
  skipped(): Skipped[];
}

export function createTrials(
  profile: TaskProfile,
  order: readonly Example[],
  measures: { readonly metric: Metric; readonly objective: Metric; readonly reserved: ReadonlySet<Example> },
  options: TrialOptions,
): Trials {
  const { now, preparedMs = () => 0, onTrial } = options;
  const start = now();
  const estimate = createTimeEstimate(options.asItIs);
  const all: Trial[] = [];
  const bySize = new Map<Candidate, Map<number, Trial>>();
  const skipped = new Map<string, Skipped>();
  /** How many of the examples were read in this search, by what is read of them, or by the candidate. */
  const read = new Map<string, number>();
  /** The same list for the same size: much is learned once for each list. */
  const parts = new Map<number, readonly Example[]>();
  const partOf = (size: number) => {
    const part = parts.get(size) ?? order.slice(0, size);
    parts.set(size, part);
    return part;
  };
  const sizesOf = (candidates: readonly Candidate[]) =>
    [...new Set(candidates.flatMap((candidate) => [...(bySize.get(candidate)?.keys() ?? [])]))].sort((a, b) => b - a);
  const spentMs = () => now() - start;
  const stepOf = (candidate: Candidate, size: number): Step => {
    const { reading } = candidate;
    const before = read.get(reading ?? candidate.key) ?? 0;
    const shared = reading !== undefined && before >= size;
    return { candidate, size, fresh: before < size ? size - before : size, shared };
  };

  /** The most examples, from those that they were measured on up to `size`, that all these take no longer for. */
  const mostWithin = (candidates: readonly Candidate[], size: number, limitMs: number) => {
    const fits = (n: number) => {
      // The first of those that read the same reads it for the others.
      const readings = new Set<string>();
      const ms = candidates.reduce((sum, candidate) => {
        const step = stepOf(candidate, n);
        const { reading } = candidate;
        const shared = step.shared || (reading !== undefined && readings.has(reading));
        if (reading !== undefined) readings.add(reading);
        return sum + estimate.expected({ ...step, shared });
      }, 0);
      return ms <= limitMs;
    };
    // What is known of fewer would be read again.
    let [low, high] = [Math.min(size, sizesOf(candidates)[0] ?? 0), size];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  const isKnown = (candidate: Candidate, size: number) => isKnownTrial(profile, candidate, partOf(size), options);

  return {
    async attempt(candidate, size) {
      options.signal.throwIfAborted();
      if (bySize.get(candidate)?.has(size) === true) return;
      const { reading } = candidate;
      const step = stepOf(candidate, size);
      const expected = estimate.expected(step);
      const isAnyUsable = [...bySize.keys()].some(({ finish }) => finish !== null);
      const isTooLong = isAnyUsable && spentMs() + expected > options.budgetMs;
      if (isTooLong && !(await isKnown(candidate, size))) {
        // Fewer examples than it knows are for comparison only.
        if ((sizesOf([candidate])[0] ?? 0) < size)
          skipped.set(candidate.key, {
            title: candidate.title,
            n: size,
            seconds: expected / 1000,
            reading: reading ?? null,
          });
        return;
      }
      const began = now();
      const preparedBefore = preparedMs();
      onTrial({ kind: 'begin', title: candidate.title, n: size });
      const { trial, again, spent } = await measureCandidate(profile, candidate, partOf(size), {
        ...options,
        ...measures,
        spent: () => ({
          ms: now() - began - (preparedMs() - preparedBefore),
          fresh: step.fresh,
          shared: step.shared,
        }),
      });
      bySize.set(candidate, (bySize.get(candidate) ?? new Map()).set(size, trial));
      skipped.delete(candidate.key);
      all.push(trial);
      const ms = now() - began;
      if (again) {
        // It took no time now, but as long as then with other examples.
        if (spent !== null) estimate.note({ candidate, size, fresh: spent.fresh, shared: spent.shared }, spent.ms);
      } else {
        estimate.note(step, ms, preparedMs() - preparedBefore);
        const key = reading ?? candidate.key;
        read.set(key, Math.max(size, read.get(key) ?? 0));
      }
      onTrial({ kind: 'end', trial, seconds: ms / 1000, again });
    },
    isKnown,
    affordable(candidates, size, share = 1) {
      const left = Math.max(0, options.budgetMs - spentMs()) * share;
      return mostWithin(candidates, size, left);
    },
    fitting(candidate, limitMs) {
      if (candidate.fitsAll !== true) return { examples: order, ms: 0 };
      const size = mostWithin([candidate], order.length, limitMs);
      return { examples: order.slice(0, size), ms: estimate.expected(stepOf(candidate, size)) };
    },
    on: (candidate, size) => bySize.get(candidate)?.get(size),
    upTo(size) {
      const last = new Map<Candidate, Trial>();
      for (const [candidate, trials] of bySize) {
        const largest = Math.max(...[...trials.keys()].filter((each) => each <= size));
        const trial = trials.get(largest);
        if (trial !== undefined) last.set(candidate, trial);
      }
      return last;
    },
    sizesOf,
    all,
    skipped: () => [...skipped.values()],
  };
}
