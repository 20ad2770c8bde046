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
   * all of any method, for as many tokens and blocks; 0 when nothing is known.
   */
  expected(step: Step): number;
  note(step: Step, ms: number): void;
}

/** Milliseconds, and the work that they were for. */
interface Spent {
  ms: number;
  work: number;
}

export function createTimeEstimate(): TimeEstimate {
  const last = new Map<string, number>();
  const sums = new Map<string, Spent>();
  const keyOf = ({ candidate: { key, reading }, shared }: Step) => (shared ? `shared ${key}` : (reading ?? key));
  const kindOf = ({ shared }: Step) => (shared ? 'shared' : 'alone');
  const methodOf = (step: Step) => `${kindOf(step)} ${step.candidate.method}`;
  // What has to read pays for each token of the new examples, what only learns does so from all of them.
  const work = ({ candidate: { tokens = 1, layers }, size, fresh, shared }: Step) =>
    Math.max(1, shared ? size : fresh * tokens * Math.max(1, layers));
  const mean = (kind: string) => {
    const sum = sums.get(kind);
    return sum === undefined ? undefined : sum.ms / sum.work;
  };
  const add = (kind: string, ms: number, units: number) => {
    const sum = sums.get(kind) ?? { ms: 0, work: 0 };
    sums.set(kind, { ms: sum.ms + ms, work: sum.work + units });
  };
  return {
    expected(step) {
      // Without a model there are no tokens to go by, and hardly any time.
      const unknown = step.candidate.layers === 0 ? 0 : (mean(methodOf(step)) ?? mean(kindOf(step)) ?? 0);
      return (last.get(keyOf(step)) ?? unknown) * work(step);
    },
    note(step, ms) {
      const units = work(step);
      last.set(keyOf(step), ms / units);
      if (step.candidate.layers === 0) return;
      add(kindOf(step), ms, units);
      add(methodOf(step), ms, units);
    },
  };
}
