import type { Candidate } from '../methods/candidates/types.js';

/** A trial that is to be expected, or has been. */
interface Step {
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
   * Milliseconds to expect: by earlier trials of the same, else by the slowest of those that read as it does, for as
   * many tokens and blocks; 0 when nothing is known.
   */
  expected(step: Step): number;
  note(step: Step, ms: number): void;
}

export function createTimeEstimate(): TimeEstimate {
  /** Milliseconds for each unit of work. */
  const known = new Map<string, number>();
  const slowest = { alone: 0, shared: 0 };
  const keyOf = ({ candidate: { key, reading }, shared }: Step) => (shared ? `shared ${key}` : (reading ?? key));
  // What has to read pays for each token of the new examples, what only learns does so from all of them.
  const work = ({ candidate: { tokens = 1, layers }, size, fresh, shared }: Step) =>
    Math.max(1, shared ? size : fresh * tokens * Math.max(1, layers));
  return {
    expected(step) {
      // Without a model there are no tokens to go by, and hardly any time.
      const unknown = step.candidate.layers === 0 ? 0 : slowest[step.shared ? 'shared' : 'alone'];
      return (known.get(keyOf(step)) ?? unknown) * work(step);
    },
    note(step, ms) {
      const each = ms / work(step);
      const kind = step.shared ? 'shared' : 'alone';
      known.set(keyOf(step), each);
      if (step.candidate.layers > 0) slowest[kind] = Math.max(slowest[kind], each);
    },
  };
}
