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
   * the task as it is if that is its method, else by all of any method, for as many tokens and blocks, and as long for
   * preparation as those took on average; 0 when nothing is known.
   */
  expected(step: Step): number;
  /** @param preparation the part of the time that does not grow with the examples: files that were made, models loaded */
  note(step: Step, ms: number, preparation?: number): void;
}

/** How long the task as it is took, whose method some candidates share. */
export interface TimeAsItIs {
  readonly method: string;
  readonly msPerExample: number;
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

/** A trial that took a smaller share than this of the time of the task as it is found its examples read by that. */
const shareOfRemembered = 0.5;

export function createTimeEstimate(asItIs: TimeAsItIs | null = null): TimeEstimate {
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
  const msBy = (rate: Rate | undefined, step: Step) =>
    rate === undefined ? undefined : rate.perUnit * work(step) + rate.preparation;
  /** For a method that was measured as the task is. */
  const msAsItIs = ({ candidate: { method }, fresh, shared }: Step) =>
    asItIs === null || method !== asItIs.method || shared ? undefined : fresh * asItIs.msPerExample;
  return {
    expected(step) {
      // Without a model there are no tokens to go by, and hardly any time.
      const meanMs = (kind: string) => (step.candidate.layers === 0 ? undefined : msBy(mean(kind), step));
      return msBy(last.get(keyOf(step)), step) ?? meanMs(methodOf(step)) ?? msAsItIs(step) ?? meanMs(kindOf(step)) ?? 0;
    },
    note(step, ms, preparation = 0) {
      const usual = msAsItIs(step);
      if (usual !== undefined && ms < usual * shareOfRemembered) return;
      const units = work(step);
      // The second time, files are there.
      last.set(keyOf(step), { perUnit: (ms - preparation) / units, preparation: 0 });
      if (step.candidate.layers === 0) return;
      add(kindOf(step), ms - preparation, units, preparation);
      add(methodOf(step), ms - preparation, units, preparation);
    },
  };
}
