import { bootstrapIntervals, type Interval } from '../metrics/bootstrap.js';
import { mcNemar } from '../metrics/significance.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, Output, TaskProfile, Threshold } from '../types.js';
import { classifyCandidates } from './classify-candidates.js';
import { extractCandidates } from './extract-candidates.js';
import { type Curve, learningCurves } from './learning-curve.js';
import {
  intervalResamples,
  pairsOf,
  prepare,
  type SearchOptions,
  type SearchResult,
  search,
  tuningMetric,
} from './search.js';
import { chooseThreshold, type ThresholdTarget } from './threshold.js';
import type { Candidate, Found, Trial, TuneSession } from './types.js';

export interface TuneRequest extends SearchOptions {
  readonly target: ThresholdTarget | null;
  /** Which candidates may be tried: `auto` all, or only those of one kind. */
  readonly kind: 'auto' | 'head' | 'scores';
  /** Outputs of the task as it was, for all examples, where they are to be compared. */
  readonly before: ((examples: readonly Example[]) => Promise<readonly Output[]>) | null;
  /** Whether to measure on parts of the examples too, to see what more of them bring. */
  readonly curves: boolean;
}

/** The task as it was. */
export interface Before {
  readonly score: number;
  readonly interval: Interval | null;
  /** Of the examples that the tuned task was measured on. */
  readonly outputs: readonly Output[];
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
  readonly threshold: { readonly value: Threshold; readonly coverage: number; readonly reached: number } | null;
  /** Of what was taken and of the yardstick; empty unless asked for. */
  readonly curves: readonly Curve[];
}

/** Every way to do a task that tuning knows of. */
export function candidatesFor(
  session: TuneSession,
  examples: readonly Example[],
  kind: TuneRequest['kind'],
): Candidate[] {
  const all =
    session.profile.type === 'classify'
      ? classifyCandidates(session, examples)
      : session.profile.type === 'extract'
        ? extractCandidates(session, examples)
        : [];
  if (kind === 'auto') return all;
  return all.filter(({ finish, key }) => finish === null || key.startsWith('scores') === (kind === 'scores'));
}

export async function tune(
  session: TuneSession,
  examples: readonly Example[],
  request: TuneRequest,
): Promise<TuneResult> {
  const { profile } = session;
  const candidates = candidatesFor(session, examples, request.kind);
  const result = await search(profile, candidates, examples, request);
  const after = result.trials.find(({ key }) => key === result.chosen.key) as Trial;
  const stage = (title: string) => request.onTrial({ kind: 'stage', title });
  stage(`fitting on all ${examples.length} examples`);
  const found = await (result.chosen.finish as NonNullable<Candidate['finish']>)(examples);
  const measured = after.examples;
  if (request.before !== null) stage('the task as it was');
  const earlier = request.before === null ? null : await request.before(measured);
  const threshold = request.target === null ? null : chooseThreshold(profile, measured, after.outputs, request.target);
  const inPrompt = found.shots?.length ?? 0;
  const curves = request.curves ? await learningCurves(profile, candidates, result, after, inPrompt, request) : [];
  return {
    found: threshold === null ? found : { ...found, threshold: threshold.value },
    search: result,
    after,
    before: earlier === null ? null : measuredBefore(profile, measured, earlier, request.seed),
    lexical: result.trials.find(({ complexity }) => complexity === 0) ?? null,
    p: earlier === null ? null : mcNemar(right(measured, after.outputs), right(measured, earlier)).p,
    threshold,
    curves,
  };
}

function measuredBefore(
  profile: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
  seed: number,
): Before {
  const prepared = prepare(profile, examples, outputs, tuningMetric(profile));
  const [interval = null] = bootstrapIntervals([prepared], { seed, resamples: intervalResamples });
  return { score: prepared.value() ?? 0, interval, outputs };
}

/** Which examples are right in every respect. */
function right(examples: readonly Example[], outputs: readonly Output[]): boolean[] {
  return pairsOf(examples, outputs).map((pair) => taskTypes[pair.gold.type].correct(pair));
}
