import { usageError } from '../errors.js';
import { bootstrapIntervals, type Interval } from '../metrics/bootstrap.js';
import { mcNemar } from '../metrics/significance.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, Output, TaskType } from '../types.js';
import { answerCandidates } from './answer-candidates.js';
import { classifyPlan } from './classify-candidates.js';
import { extractCandidates } from './extract-candidates.js';
import { generateCandidates } from './generate-candidates.js';
import { type Curve, learningCurves } from './learning-curve.js';
import { intervalResamples, pairsOf, prepare, type SearchOptions, type SearchResult, search } from './search.js';
import { bestThreshold, type ChosenThreshold, chooseThreshold, type ThresholdTarget } from './threshold.js';
import type { Candidate, Found, PlanOptions, SearchPlan, Trial, TuneSession } from './types.js';

export interface TuneRequest extends SearchOptions, PlanOptions {
  readonly target: ThresholdTarget | null;
  /** Which candidates may be tried: `auto` all, or only those of one kind. */
  readonly kind: 'auto' | 'head' | 'scores';
  /** Outputs of the task as it was, for all examples, where they are to be compared. */
  readonly before: ((examples: readonly Example[]) => Promise<readonly Output[]>) | null;
  /** Whether to measure on parts of the examples too, to see what more of them bring. */
  readonly curves: boolean;
}

export interface TuneResult {
  readonly found: Found;
  readonly search: SearchResult;
  /** Held out, on the same examples. */
  readonly after: Trial;
  readonly before: Before | null;
  readonly lexical: Trial | null;
  /** Probability of a difference like that between before and after if there were none. */
  readonly p: number | null;
  readonly threshold: ChosenThreshold | null;
  /** Of what was taken and of the yardstick; empty unless asked for. */
  readonly curves: readonly Curve[];
}

/** The task as it was, on the first of the examples that the chosen candidate was measured on. */
export interface Before {
  readonly n: number;
  readonly score: number;
  readonly interval: Interval | null;
  readonly outputs: readonly Output[];
  readonly p: number;
}

/** More do not change the picture, and prompting takes its time. */
const mostCompared = 300;

/** Every way to do a task that tuning knows of, as far as it is asked for. */
function planFor(
  session: TuneSession,
  examples: readonly Example[],
  { kind, words }: Pick<TuneRequest, 'kind' | 'words'>,
): SearchPlan {
  const wanted = (candidate: Candidate) =>
    candidate.finish === null ||
    ((kind === 'auto' || candidate.kind === kind) &&
      (words || !candidate.words) &&
      candidate.layers <= session.mostBlocks);
  const { candidates, next, ...rest } = plans[session.profile.type](session, examples, { words });
  return {
    ...rest,
    candidates: candidates.filter(wanted),
    ...(next === undefined ? {} : { next: (trials) => next(trials).filter(wanted) }),
  };
}

type Plan = (session: TuneSession, examples: readonly Example[], options: PlanOptions) => SearchPlan;

const plans: Readonly<Record<TaskType, Plan>> = {
  classify: classifyPlan,
  extract: (session, examples) => ({ candidates: extractCandidates(session, examples) }),
  answer: (session, examples) => ({ candidates: answerCandidates(session, examples) }),
  generate: (session, examples) => ({ candidates: generateCandidates(session, examples) }),
};

export async function tune(
  session: TuneSession,
  examples: readonly Example[],
  request: TuneRequest,
): Promise<TuneResult> {
  const { profile } = session;
  let searching = true;
  // An interrupt ends the search, not the fit of what it has found; a second one ends the program.
  const untilFound: TuneSession = {
    ...session,
    get signal() {
      return searching ? session.signal : new AbortController().signal;
    },
  };
  const plan = planFor(untilFound, examples, request);
  const { candidates } = plan;
  if (candidates.every(({ finish }) => finish === null)) {
    const asked = [
      ...(request.kind === 'auto' ? [] : [`--method ${request.kind}`]),
      ...(session.mostBlocks < session.blocks ? [`--layers ${session.mostBlocks}`] : []),
    ];
    const kind = asked.length === 0 ? '' : ` with ${asked.join(' and ')}`;
    throw usageError(
      `there is nothing to try for "${profile.name}", a task of type ${profile.type}${kind}.`,
      typeof session.derive === 'function' ? undefined : `No heads: ${session.derive.impossible}`,
    );
  }
  const result = await search(profile, plan, examples, request);
  searching = false;
  const after = result.trials.find(({ key }) => key === result.chosen.key) as Trial;
  const stage = (title: string) => request.onTrial({ kind: 'stage', title });
  stage('fitting what was taken');
  const found = await (result.chosen.finish as NonNullable<Candidate['finish']>)(examples, after);
  const interrupted = result.stopped === 'interrupted';
  const before = interrupted ? null : request.before;
  if (before !== null) stage('the task as it was');
  const earlier = before === null ? null : await compare(session, result, after, before);
  const measured = after.examples;
  const outputs = found.outputs ?? after.outputs;
  const threshold =
    request.target === null
      ? bestThreshold(profile, measured, outputs)
      : chooseThreshold(profile, measured, outputs, request.target);
  const curves =
    request.curves && !interrupted ? await learningCurves(profile, candidates, result, after, request) : [];
  return {
    found: threshold === null ? found : { ...found, threshold: threshold.value },
    search: result,
    after,
    before: earlier,
    lexical: result.trials.find(({ complexity }) => complexity === 0) ?? null,
    p: earlier?.p ?? null,
    threshold,
    curves,
  };
}

async function compare(
  session: TuneSession,
  { metric }: SearchResult,
  after: Trial,
  run: NonNullable<TuneRequest['before']>,
): Promise<Before> {
  const { profile, seed } = session;
  const examples = after.examples.slice(0, mostCompared);
  const outputs = await run(examples);
  const prepared = prepare(profile, examples, outputs, metric);
  const [interval = null] = bootstrapIntervals([prepared], { seed, resamples: intervalResamples });
  const right = (given: readonly Output[]) =>
    pairsOf(examples, given).map((pair) => taskTypes[profile.type].correct(pair));
  return {
    n: examples.length,
    score: prepared.value() ?? 0,
    interval,
    outputs,
    p: mcNemar(right(after.outputs), right(outputs)).p,
  };
}
