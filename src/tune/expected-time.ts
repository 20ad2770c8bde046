import type { Candidate } from '../methods/candidates/types.js';

/** A trial that is to be expected, or has been. */
export interface Step {
  readonly candidate: Candidate;
  /** Examples that it is measured on, and those of them that are new to it. */
  readonly size: number;
  readonly fresh: number;
  /** Whether another one has read the examples for it. */
  readonly shared: boolean;
}

/** How long trials take, by those that were made. */
export interface TimeEstimate {
  /**
   * Milliseconds to expect: by the last trial of the same, else by all of the same method that read as it does, else by
   * all of any method, for as many tokens and blocks, and as long for preparation as those took on average; 0 when
   * nothing is known.
   */
  expected(step: Step): number;
  /** @param preparation the part of the time that does not grow with the examples: files that were made, models loaded */
  note(step: Step, ms: number, preparation?: number): void;
}

/** Milliseconds, the work that they were for, and what was spent beside it on how many trials. */
interface Spent {
  ms: number;
  work: number;
  preparation: number;
  trials: number;
}

/** What is known of one kind of trial. */
interface Rate {
  /** Milliseconds for a unit of work, and for each trial beside it. */
  readonly perUnit: number;
  readonly preparation: number;
}

export function createTimeEstimate(): TimeEstimate {
  const last = new Map<string, Rate>();
  const sums = new Map<string, Spent>();
  const keyOf = ({ candidate: { key, reading }, shared }: Step) => (shared ? `shared ${key}` : (reading ?? key));
  const kindOf = ({ shared }: Step) => (shared ? 'shared' : 'alone');
  const methodOf = (step: Step) => `${kindOf(step)} ${step.candidate.method}`;
  // What has to read pays for each token of the new examples, what only learns does so from all of them.
  const work = ({ candidate: { tokens = 1, layers }, size, fresh, shared }: Step) =>
    Math.max(1, shared ? size : fresh * tokens * Math.max(1, layers));
  const mean = (kind: string): Rate | undefined => {
    const sum = sums.get(kind);
    return sum === undefined ? undefined : { perUnit: sum.ms / sum.work, preparation: sum.preparation / sum.trials };
  };
  const add = (kind: string, ms: number, units: number, preparation: number) => {
    const sum = sums.get(kind) ?? { ms: 0, work: 0, preparation: 0, trials: 0 };
    sums.set(kind, {
      ms: sum.ms + ms,
      work: sum.work + units,
      preparation: sum.preparation + preparation,
      trials: sum.trials + 1,
    });
  };
  return {
    expected(step) {
      // Without a model there are no tokens to go by, and hardly any time.
      const unknown = step.candidate.layers === 0 ? undefined : (mean(methodOf(step)) ?? mean(kindOf(step)));
      const rate = last.get(keyOf(step)) ?? unknown;
      return rate === undefined ? 0 : rate.perUnit * work(step) + rate.preparation;
    },
    note(step, ms, preparation = 0) {
      const units = work(step);
      // The second time, files are there.
      last.set(keyOf(step), { perUnit: (ms - preparation) / units, preparation: 0 });
      if (step.candidate.layers === 0) return;
      add(kindOf(step), ms - preparation, units, preparation);
      add(methodOf(step), ms - preparation, units, preparation);
    },
  };
}
