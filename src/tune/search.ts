import type { Candidate, CandidatePlan, Trial } from '../methods/candidates/types.js';
import type { Metric } from '../metrics/types.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, TaskProfile } from '../types.js';
import { objectiveFor, tuningMetric } from './objective.js';
import { inRounds, reservedIn } from './order.js';
import { mayBecomeBetter } from './outlook.js';
import { type Selection, type SelectOptions, select } from './select.js';
import { createTrials, type Fitting, type Skipped, type TrialOptions } from './trials.js';

export interface SearchOptions extends SelectOptions, TrialOptions {}

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
  /** Where dearer candidates were given up since none came near a cheap one: that one, and the examples so far. */
  readonly settled: { readonly title: string; readonly n: number } | null;
  /** What the final fit of a candidate can take, and how long, as the trials tell. */
  fitting(candidate: Candidate, limitMs: number): Fitting;
}

/** Examples of the first round; each further round has three times as many, for the better half of the candidates. */
const firstRound = 200;
const growth = 3;
/** A smaller round than the next one is worth its time if it has so many times the examples of the one before. */
const leastGrowth = 1.5;
/** Fewer say nothing, however small the budget is. */
const fewestInRound = 30;
/** Up to so many first rounds, a cheap candidate is measured on all examples at once. */
const mostAtOnce = 8;
/** Standard errors that a lead may be underestimated by: of a candidate, and of what is made of the first ones. */
const hope = { own: 1, better: 2 };

/**
 * First the cheap candidates, on all examples. Then successive halving of the others: all of them on few examples, the
 * better half on more, until few are left that are measured on all (K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm
 * Identification and Hyperparameter Optimization", 2016); it ends where none of them may still become clearly better than
 * a cheap one. Examples are in one order, drawn once, so that rounds are prefixes of each other.
 */
export async function search(
  profile: TaskProfile,
  plan: CandidatePlan,
  examples: readonly Example[],
  options: SearchOptions,
): Promise<SearchResult> {
  const metric = tuningMetric(profile, examples);
  const objective = objectiveFor(profile, metric);
  const order = inRounds(profile, examples, options.seed);
  const reserved = reservedIn(plan);
  const trials = createTrials(profile, order, { metric, objective, reserved }, options);
  const { attempt, on } = trials;
  const total = order.length;
  const cheap = plan.candidates.filter((candidate) => candidate.cheap === true);
  let alive = plan.candidates.filter((candidate) => candidate.cheap !== true);
  const sizes = roundsOf(await sizeOfFirstRound(), total);
  const [first] = sizes as [number];
  let { next } = plan;
  let settled: SearchResult['settled'] = null;

  for (const candidate of cheap) {
    if (total > mostAtOnce * first) await attempt(candidate, first);
    for (const size of total > mostAtOnce * first ? sizes.toReversed() : [total]) {
      await attempt(candidate, size);
      if (on(candidate, size) !== undefined) break;
    }
  }
  for (const size of isUsable(alive) ? sizes : [total]) {
    if (size > first) await spendRest(size);
    for (const candidate of cheap) await attempt(candidate, size);
    for (let i = 0; i < alive.length && settled === null; i++) {
      const candidate = alive[i] as Candidate;
      await attempt(candidate, size);
      // The first ones are those of the task's own prompt.
      if (size === first && candidate.turn === 0 && alive[i + 1]?.turn !== 0)
        settle(alive.slice(0, i + 1), size, hope.better);
      if (i + 1 === alive.length && next !== undefined && settled === null) {
        // Candidates made from the best ones may be cheap even if others could not be tried.
        alive.push(...next(trials.upTo(total)));
        next = undefined;
      }
    }
    if (settled !== null) break;
    // There may be time for what was left out: the estimate is better now.
    for (const candidate of alive) await attempt(candidate, size);
    if (size === total) break;
    alive = betterHalf(alive, (candidate) => on(candidate, size));
    if (!isUsable(alive)) break;
    settle(alive, size, hope.own);
    if (settled !== null) break;
  }
  // Beside what is taken stands what a baseline does with as many examples.
  const baselines = settled === null ? [] : plan.candidates.filter(({ finish }) => finish === null);
  for (const candidate of baselines) await attempt(candidate, total);
  const skipped = trials.skipped();
  for (const { title } of skipped) options.onTrial({ kind: 'skip', title, reason: 'budget' });
  return {
    ...selection(),
    metric,
    objective,
    rounds: trials.all,
    reserved,
    stopped: skipped.length > 0 ? 'budget' : 'done',
    skipped,
    settled,
    fitting: trials.fitting,
  };

  /**
   * Examples of the first round: half as many, and half again, until the first candidate fits into half of the budget. The
   * steps are coarse, and what is known is taken, so that the search goes on where an earlier one was broken off.
   */
  async function sizeOfFirstRound(): Promise<number> {
    const most = firstRoundOf(profile);
    const candidate = firstToTake(alive);
    if (candidate === undefined) return most;
    for (let size = most; size > fewestInRound; size = Math.floor(size / 2)) {
      const asked = Math.min(size, total);
      if (trials.affordable([candidate], asked, 1 / 2) === asked || (await trials.isKnown(candidate, asked)))
        return size;
    }
    return fewestInRound;
  }

  /** Where there is no time for the best candidate in the next round, the best two are measured on as many as there is. */
  async function spendRest(next: number): Promise<void> {
    const best = alive.filter(({ finish }) => finish !== null).slice(0, 2);
    const [first] = best;
    const before = trials.sizesOf(best)[0] ?? 0;
    if (first === undefined || before >= next || trials.affordable([first], next) === next) return;
    if (await trials.isKnown(first, next)) return;
    const size = trials.affordable(best, next);
    if (size < before * leastGrowth) return;
    for (const candidate of [...cheap, ...best]) await attempt(candidate, size);
    // The estimate is better now, and there may be time for more.
    if ((trials.sizesOf([first])[0] ?? 0) > before) await spendRest(next);
  }

  /** Gives up the others where none of these may still become clearly better than the best cheap one. */
  function settle(others: readonly Candidate[], size: number, hoped: number): void {
    const rival = bestOn(cheap, size);
    const known = others.flatMap((candidate) => {
      const trial = on(candidate, size);
      return candidate.finish === null || trial === undefined ? [] : [trial];
    });
    if (options.take === 'best' || rival === null || known.length === 0) return;
    const metrics = [...new Set([objective, metric])];
    const outlook = { metrics, total, hope: hoped, seed: options.seed };
    if (known.some((trial) => mayBecomeBetter(profile, trial, rival, outlook))) return;
    settled = { title: rival.title, n: rival.n };
  }

  function bestOn(candidates: readonly Candidate[], size: number): Trial | null {
    const measured = candidates.flatMap((candidate) => on(candidate, size) ?? []);
    return measured.sort((a, b) => b.objectiveValue - a.objectiveValue)[0] ?? null;
  }

  /** A cheap candidate is compared with the others on as many examples as they were measured on. */
  function selection(): Selection {
    const among = (size: number) => select(profile, trials.upTo(size), { metric, objective }, options);
    const measured = [...trials.upTo(total).keys()].filter(({ finish }) => finish !== null);
    const sizesOfCheap = trials.sizesOf(measured.filter((candidate) => candidate.cheap === true));
    const sizesOfOthers = trials.sizesOf(measured.filter((candidate) => candidate.cheap !== true));
    const common = sizesOfOthers.find((size) => sizesOfCheap.includes(size));
    if (common === undefined) return among(total);
    const compared = among(common);
    return compared.chosen.cheap === true
      ? { ...among(total), bestCandidate: compared.bestCandidate }
      : among(sizesOfOthers[0] as number);
  }
}

function isUsable(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ finish }) => finish !== null);
}

/** Examples of each round. */
function roundsOf(first: number, total: number): number[] {
  const sizes: number[] = [];
  for (let size = first; size < total; size *= growth) sizes.push(size);
  return [...sizes, total];
}

/** The first that is more than a baseline. */
export function firstToTake(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.find(({ finish, cheap }) => finish !== null && cheap !== true);
}

/**
 * The better half of those that were measured, at least two so that there is a choice. The best comes first: where the
 * budget ends a round early, what was measured in it is what is chosen among.
 */
function betterHalf(alive: readonly Candidate[], trialOf: (candidate: Candidate) => Trial | undefined): Candidate[] {
  const objectiveValue = (candidate: Candidate) => trialOf(candidate)?.objectiveValue ?? Number.NEGATIVE_INFINITY;
  const ranked = alive
    .filter((candidate) => trialOf(candidate) !== undefined)
    .sort((a, b) => objectiveValue(b) - objectiveValue(a) || a.complexity - b.complexity);
  // A baseline is only measured, so it goes through all rounds.
  const kept = ranked.slice(0, Math.max(2, Math.ceil(ranked.length / 2)));
  return ranked.filter((candidate) => kept.includes(candidate) || candidate.finish === null);
}

/** More labels need more examples before anything can be said. */
function firstRoundOf(profile: TaskProfile): number {
  return Math.max(firstRound, taskTypes[profile.type].strata(profile) * 12);
}
