import type { Candidate, CandidatePlan, Trial } from '../methods/candidates/types.js';
import type { Metric } from '../metrics/types.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, TaskProfile } from '../types.js';
import { createTimeEstimate, type Step } from './expected-time.js';
import { measureCandidate, type TrialJournal } from './measure.js';
import { objectiveFor, tuningMetric } from './objective.js';
import { inRounds, reservedIn } from './order.js';
import { type Selection, type SelectOptions, select } from './select.js';
import type { TrialEvent } from './trial-event.js';

export interface SearchOptions extends SelectOptions {
  /** Milliseconds for all trials together. */
  readonly budgetMs: number;
  readonly now: () => number;
  /** Ends the search early; what was found so far counts. */
  readonly signal: AbortSignal;
  readonly onTrial: (event: TrialEvent) => void;
  /** Trials of earlier runs, and where this one's go. */
  readonly journal: TrialJournal;
}

export interface SearchResult extends Selection {
  /** The metric of the score. */
  readonly metric: Metric;
  /** The metric that candidates were compared by. */
  readonly objective: Metric;
  /** Every measurement of every round, in the order in which they were made. */
  readonly rounds: readonly Trial[];
  /** Examples that no candidate was measured on: their answers stand in the prompts of some. */
  readonly reserved: ReadonlySet<Example>;
  readonly stopped: 'done' | 'budget';
  /**
   * The trials that there was no time for: the candidate, the examples that it would have been measured on, and the
   * time.
   */
  readonly skipped: readonly Skipped[];
}

export interface Skipped {
  readonly title: string;
  readonly n: number;
  readonly seconds: number;
}

/** Examples of the first round; each further round has three times as many, for the better half of the candidates. */
const firstRound = 200;
const growth = 3;

/**
 * Successive halving: all candidates on few examples, the better half on more, until few are left that are measured on
 * all. K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", 2016.
 * Examples are in one order, drawn once, so that rounds are prefixes of each other.
 */
export async function search(
  profile: TaskProfile,
  plan: CandidatePlan,
  examples: readonly Example[],
  options: SearchOptions,
): Promise<SearchResult> {
  const { candidates } = plan;
  const metric = tuningMetric(profile, examples);
  const objective = objectiveFor(profile, metric);
  const order = inRounds(profile, examples, options.seed);
  const reserved = reservedIn(plan);
  const start = options.now();
  const measured = new Map<Candidate, Trial>();
  const rounds: Trial[] = [];
  let alive = [...candidates];
  let { next } = plan;
  const skipped = new Map<string, Skipped>();
  const spent = () => options.now() - start;
  const estimate = createTimeEstimate();
  let before = 0;
  /** Readings of the present round. */
  const read = new Set<string>();
  const measuredOn = (part: readonly Example[]) => part.filter((example) => !reserved.has(example)).length;

  for (let size = Math.min(firstRoundOf(profile), order.length); ; size = Math.min(size * growth, order.length)) {
    const part = order.slice(0, size);
    read.clear();
    for (let i = 0; i < alive.length; i++) {
      const candidate = alive[i] as Candidate;
      options.signal.throwIfAborted();
      // One at least that can be taken, however small the budget is.
      const some = [...measured.keys()].some(({ finish }) => finish !== null);
      const shared = read.has(candidate.reading ?? '');
      const step = { candidate, size, fresh: measured.has(candidate) ? size - before : size, shared };
      const expected = estimate.expected(step);
      if (some && spent() + expected > options.budgetMs) {
        skipped.set(candidate.key, { title: candidate.title, n: size, seconds: expected / 1000 });
        options.onTrial({ kind: 'skip', title: candidate.title, reason: 'budget' });
      } else await measure(candidate, part, step);
      if (i + 1 === alive.length && next !== undefined) {
        // Candidates made from the best ones may be cheap even if others could not be tried.
        alive.push(...next(measured));
        next = undefined;
      }
    }
    if (size === order.length) break;
    alive = betterHalf(
      alive.filter((candidate) => measured.get(candidate)?.n === measuredOn(part)),
      measured,
    );
    if (alive.every(({ finish }) => finish === null)) break;
    before = size;
  }
  return {
    ...select(profile, measured, { metric, objective }, options),
    metric,
    objective,
    rounds,
    reserved,
    stopped: skipped.size > 0 ? 'budget' : 'done',
    skipped: [...skipped.values()],
  };

  async function measure(candidate: Candidate, part: readonly Example[], step: Step): Promise<void> {
    const began = options.now();
    options.onTrial({ kind: 'begin', title: candidate.title, n: part.length });
    const { trial, again } = await measureCandidate(profile, candidate, part, {
      ...options,
      metric,
      objective,
      reserved,
    });
    measured.set(candidate, trial);
    skipped.delete(candidate.key);
    rounds.push(trial);
    const ms = options.now() - began;
    // A trial from the cache was not read in this search, and tells nothing about the time.
    if (!again) {
      estimate.note(step, ms);
      if (candidate.reading !== undefined) read.add(candidate.reading);
    }
    options.onTrial({ kind: 'end', trial, seconds: ms / 1000, again });
  }
}

/**
 * The better half, at least two so that there is a choice. The best comes first: where the budget ends a round early,
 * what was measured in it is what is chosen among.
 */
function betterHalf(alive: readonly Candidate[], measured: ReadonlyMap<Candidate, Trial>): Candidate[] {
  const objectiveValue = (candidate: Candidate) => measured.get(candidate)?.objectiveValue ?? Number.NEGATIVE_INFINITY;
  const ranked = [...alive].sort((a, b) => objectiveValue(b) - objectiveValue(a) || a.complexity - b.complexity);
  // A baseline is only measured and is cheap, so it goes through all rounds.
  const kept = ranked.slice(0, Math.max(2, Math.ceil(ranked.length / 2)));
  return ranked.filter((candidate) => kept.includes(candidate) || candidate.finish === null);
}

/** More labels need more examples before anything can be said. */
function firstRoundOf(profile: TaskProfile): number {
  return Math.max(firstRound, taskTypes[profile.type].strata(profile) * 12);
}
