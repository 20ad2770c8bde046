import { usageError } from '../errors.js';
import type { Candidate, Fitted, Trial, TuneSession } from '../methods/candidates/types.js';
import { methodNamed } from '../methods/index.js';
import { bootstrapIntervals, type Interval } from '../metrics/bootstrap.js';
import { mcNemar } from '../metrics/significance.js';
import type { Metric } from '../metrics/types.js';
import { formatDuration } from '../quantities.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, Output } from '../types.js';
import { type Curve, learningCurves } from './learning-curve.js';
import { intervalResamples, pairsOf, prepare } from './measure.js';
import { objectiveValueOf, probabilityMetricFor } from './objective.js';
import { measuredExamples } from './order.js';
import { type PlanRequest, planFor } from './plan.js';
import { firstToTake, type SearchOptions, type SearchResult, search } from './search.js';
import { leadOf, shareWithin } from './select.js';
import { bestThreshold, type ChosenThreshold, chooseThreshold, type ThresholdTarget } from './threshold.js';
import type { Fitting } from './trials.js';

export interface TuneRequest extends SearchOptions, PlanRequest {
  readonly target: ThresholdTarget | null;
  /** Candidates that read another model in place of this one. They are tried first. */
  readonly beside?: readonly Candidate[];
  /**
   * Measures the task as it is, on as many of the examples as there is time for, but on some at least; null where it
   * cannot run.
   * @param until what `now` says when the time is over
   */
  readonly before: (examples: readonly Example[], until: number) => Promise<AsItIs | null>;
  /** Whether only what is better than the task as it is may take its place. */
  readonly compare: boolean;
  /** Whether to measure on parts of the examples too, to see what more of them bring. */
  readonly curves: boolean;
}

/** Outputs of the task as it is, for examples that it has not learned from. */
export interface AsItIs {
  /** How it is done, in a few words. */
  readonly title: string;
  /** The name of its method. */
  readonly method: string;
  readonly examples: readonly Example[];
  readonly outputs: readonly Output[];
  /** Milliseconds for all outputs together. */
  readonly ms: number;
}

export interface TuneResult {
  /** Whether it is better than the task as it is, so that it takes its place. True where nothing was compared. */
  readonly wins: boolean;
  /** The chosen candidate, fitted on all examples that there is time for. */
  readonly fitted: Fitted & { readonly method: string };
  readonly search: SearchResult;
  /** Held out, on the same examples. */
  readonly after: Trial;
  readonly before: Before | null;
  /** What it is better in than the task as it is; null where it is not, or nothing was compared. */
  readonly gain: Metric | null;
  readonly lexical: Trial | null;
  /** The best of what reads another model, on as many examples; null where nothing does, or it was taken. */
  readonly beside: Trial | null;
  /** Probability of a difference like that between before and after if there were none. */
  readonly p: number | null;
  readonly threshold: ChosenThreshold | null;
  /** Where the final fit had no time for all examples: those that it took; null where it took all, or nothing is installed. */
  readonly fittedOn: { readonly n: number; readonly of: number } | null;
  /** Milliseconds of comparison and search, of those that were allowed. */
  readonly spentMs: number;
  readonly budgetMs: number;
  /** Curves of the chosen candidate and of the baseline; empty unless asked for. */
  readonly curves: readonly Curve[];
}

/** The task as it is, on some of the examples that the chosen candidate was measured on, too. */
export interface Before extends Pick<AsItIs, 'title' | 'examples' | 'outputs'> {
  readonly n: number;
  readonly score: number;
  readonly interval: Interval | null;
  /** Held-out outputs of the chosen candidate on the same examples, and their score. */
  readonly tuned: { readonly outputs: readonly Output[]; readonly score: number; readonly interval: Interval | null };
  readonly p: number;
}

/** More do not change the picture, and prompting takes its time. */
const mostCompared = 300;
/** Share of the budget that the task as it is may take. */
const shareCompared = 1 / 3;

export async function tune(
  session: TuneSession<never>,
  examples: readonly Example[],
  request: TuneRequest,
): Promise<TuneResult> {
  const { profile } = session;
  const own = await planFor(session, examples, request);
  // Cheap ones first.
  const plan = { ...own, candidates: [...(request.beside ?? []), ...own.candidates] };
  const { candidates } = plan;
  if (candidates.every(({ finish }) => finish === null)) {
    const asked = [
      ...(request.kind === 'auto' ? [] : [`--method ${request.kind}`]),
      ...(session.mostBlocks < session.blocks ? [`--layers ${session.mostBlocks}`] : []),
    ];
    const kind = asked.length === 0 ? '' : ` with ${asked.join(' and ')}`;
    throw usageError(
      `there is nothing to try for "${profile.name}", a task of type ${profile.type}${kind}.`,
      whyNothing(session),
    );
  }
  const stage = (title: string) => request.onTrial({ kind: 'stage', title });
  const { budgetMs, now, compare } = request;
  const began = now();
  // First, so that whatever ends the search, what it has found can be compared. Even if nothing is, some examples tell
  // how long it takes to do all of them in the same way.
  let asItIs: AsItIs | null = null;
  if (compare || firstToTake(candidates)?.method === profile.method) {
    stage('the task as it is');
    const asked = measuredExamples(profile, plan, examples, request.seed);
    asItIs = await request.before(asked.slice(0, mostCompared), began + (compare ? budgetMs * shareCompared : 0));
  }
  const searched = await search(profile, plan, examples, {
    ...request,
    budgetMs: budgetMs - (now() - began),
    asItIs:
      asItIs === null ? null : { method: asItIs.method, msPerExample: asItIs.ms / Math.max(1, asItIs.outputs.length) },
  });
  const spentMs = now() - began;
  const { result, after, before, gain, wins } = outcomeOf(session, searched, compare ? asItIs : null);
  const toFit = examplesToFit(result, examples, after, wins, budgetMs);
  const fittedOn =
    wins && toFit.examples.length < examples.length ? { n: toFit.examples.length, of: examples.length } : null;
  stage(fittingTitle(fittedOn, toFit.ms));
  const fitted = await (result.chosen.finish as NonNullable<Candidate['finish']>)(toFit.examples, after);
  // Where the task stays as it is, it is its threshold that was asked for.
  const [measured, outputs] =
    wins || before === null ? [after.examples, fitted.outputs ?? after.outputs] : [before.examples, before.outputs];
  const threshold =
    request.target !== null
      ? chooseThreshold(profile, measured, outputs, request.target)
      : wins
        ? bestThreshold(profile, measured, outputs)
        : null;
  const curves = request.curves ? await learningCurves(profile, candidates, result, after, request) : [];
  return {
    wins,
    fitted: {
      method: result.chosen.method as string,
      ...fitted,
      ...(threshold === null || !wins ? {} : { threshold: threshold.value }),
    },
    search: result,
    after,
    before,
    gain,
    beside: bestBeside(result, after, request.beside ?? []),
    lexical: result.trials.find(({ complexity }) => complexity === 0) ?? null,
    p: before?.p ?? null,
    threshold,
    spentMs,
    budgetMs,
    curves,
    fittedOn,
  };
}

/** The final fit may always take so long: the budget is for the search. */
const leastToFitMs = 5 * 60_000;

/** All of them where there is time for that; what does not take the task's place tells its settings by fewer. */
function examplesToFit(
  result: SearchResult,
  examples: readonly Example[],
  after: Trial,
  wins: boolean,
  budgetMs: number,
): Fitting {
  if (!wins) return { examples: after.examples, ms: 0 };
  const { examples: taken, ms } = result.fitting(result.chosen, Math.max(budgetMs, leastToFitMs));
  const kept = new Set(taken);
  return { examples: kept.size < examples.length ? examples.filter((each) => kept.has(each)) : examples, ms };
}

function fittingTitle(fittedOn: TuneResult['fittedOn'], ms: number): string {
  const title = 'fitting what was taken';
  const part = fittedOn === null ? '' : ` to ${fittedOn.n} of ${fittedOn.of} examples, for which there is time`;
  return `${title}${part}${ms < longFitMs ? '' : `, about ${formatDuration(ms / 1000)}`}`;
}

/** From here on, the time of the final fit is said beforehand. */
const longFitMs = 10_000;

function bestBeside({ trials }: SearchResult, after: Trial, beside: readonly Candidate[]): Trial | null {
  const keys = new Set(beside.map(({ key }) => key));
  if (keys.has(after.key)) return null;
  return trials.find(({ key, n }) => keys.has(key) && n === after.n) ?? null;
}

/**
 * The outcome: the candidate that the search has chosen, or the best one if the chosen one is no better than the task as it
 * is; and whether it is better.
 */
function outcomeOf(session: TuneSession<never>, result: SearchResult, asItIs: AsItIs | null) {
  const choices = [...new Set([result.chosen, result.bestCandidate])].map((chosen) => {
    const after = result.trials.find(({ key }) => key === chosen.key) as Trial;
    const before = asItIs === null ? null : comparison(session, result, after, asItIs);
    const gain = before === null ? null : gainOf(session, result, before);
    return { result: { ...result, chosen }, after, before, gain, wins: before === null || gain !== null };
  });
  return choices.find(({ wins }) => wins) ?? (choices[0] as (typeof choices)[0]);
}

/**
 * What tuning is better in: the score, else the objective if the scores are equal, else the probabilities if these are
 * clearly better and the score is not clearly worse; null if it is better in nothing.
 */
function gainOf(session: TuneSession<never>, { metric, objective }: SearchResult, before: Before): Metric | null {
  const { profile, seed } = session;
  const { examples, outputs, score, tuned } = before;
  if (examples.length === 0 || tuned.score > score) return metric;
  const finer = (given: readonly Output[]) =>
    objectiveValueOf(objective, prepare(profile, examples, given, objective).value());
  if (tuned.score === score && finer(tuned.outputs) > finer(outputs)) return objective;
  const probabilities = probabilityMetricFor(profile, metric);
  if (probabilities === null) return null;
  const sides = [tuned.outputs, outputs] as const;
  const byScore = leadOf(profile, examples, sides, metric, { seed, level: shareWithin[1] });
  const byProbability = leadOf(profile, examples, sides, probabilities, { seed, level: shareWithin[2] });
  const isClear = (byScore?.interval.high ?? -1) >= 0 && (byProbability?.interval.low ?? 0) > 0;
  return isClear ? probabilities : null;
}

/** Compares both on the examples that both were measured on. */
function comparison(
  { profile, seed }: TuneSession<never>,
  { metric }: SearchResult,
  after: Trial,
  asItIs: AsItIs,
): Before {
  const tunedOutputs = new Map(after.examples.map((example, i) => [example, after.outputs[i] as Output]));
  const rows = Array.from(asItIs.outputs.keys()).filter((i) => tunedOutputs.has(asItIs.examples[i] as Example));
  const examples = rows.map((i) => asItIs.examples[i] as Example);
  const sides = {
    before: rows.map((i) => asItIs.outputs[i] as Output),
    tuned: examples.map((example) => tunedOutputs.get(example) as Output),
  };
  const figure = (outputs: readonly Output[]) => {
    const prepared = prepare(profile, examples, outputs, metric);
    const [interval = null] = bootstrapIntervals([prepared], { seed, resamples: intervalResamples });
    return { outputs, score: prepared.value() ?? 0, interval };
  };
  const right = (given: readonly Output[]) =>
    pairsOf(examples, given).map((pair) => taskTypes[profile.type].correct(pair));
  return {
    title: asItIs.title,
    examples,
    n: examples.length,
    ...figure(sides.before),
    tuned: figure(sides.tuned),
    p: mcNemar(right(sides.tuned), right(sides.before)).p,
  };
}

function whyNothing({ profile, states }: Pick<TuneSession<never>, 'profile' | 'states'>): string | undefined {
  if (methodNamed(profile.method).candidates === undefined) {
    return `The method ${profile.method} learns nothing of labelled data but how sure to be: give the task examples, and see "slm tasks calibrate".`;
  }
  return typeof states === 'function' ? undefined : `No heads: ${states.impossible}`;
}
