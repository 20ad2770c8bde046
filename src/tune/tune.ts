import { usageError } from '../errors.js';
import { bootstrapIntervals, type Interval } from '../metrics/bootstrap.js';
import { mcNemar } from '../metrics/significance.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, Output, Threshold } from '../types.js';
import { classifyCandidates } from './classify-candidates.js';
import { extractCandidates } from './extract-candidates.js';
import { prepare, type SearchOptions, type SearchResult, search, tuningMetric } from './search.js';
import { chooseThreshold, type ThresholdTarget } from './threshold.js';
import type { Candidate, Found, Trial, TuneSession } from './types.js';

export interface TuneRequest extends SearchOptions {
  readonly target: ThresholdTarget | null;
  /** Which candidates may be tried: `auto` all, or only those of one kind. */
  readonly kind: 'auto' | 'head' | 'scores';
  /** Outputs of the task as it was, for all examples, where they are to be compared. */
  readonly before: ((examples: readonly Example[]) => Promise<readonly Output[]>) | null;
}

export interface TuneResult {
  readonly found: Found;
  readonly search: SearchResult;
  /** Held out, on the same examples. */
  readonly after: Trial;
  readonly before: { readonly score: number; readonly interval: Interval | null } | null;
  readonly lexical: Trial | null;
  /** Probability of a difference like that between before and after if there were none. */
  readonly p: number | null;
  readonly threshold: { readonly value: Threshold; readonly coverage: number; readonly reached: number } | null;
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
  let searching = true;
  // An interrupt ends the search, not the fit of what it has found; a second one ends the program.
  const untilFound: TuneSession = {
    ...session,
    get signal() {
      return searching ? session.signal : new AbortController().signal;
    },
  };
  const candidates = candidatesFor(untilFound, examples, request.kind);
  if (candidates.every(({ finish }) => finish === null)) {
    const kind = request.kind === 'auto' ? '' : ` with --method ${request.kind}`;
    throw usageError(
      `there is nothing to try for "${profile.name}", a task of type ${profile.type}${kind}.`,
      typeof session.derive === 'function' ? undefined : `No heads: ${session.derive.impossible}`,
    );
  }
  const result = await search(profile, candidates, examples, request);
  searching = false;
  const after = result.trials.find(({ key }) => key === result.chosen.key) as Trial;
  const found = await (result.chosen.finish as NonNullable<Candidate['finish']>)(examples);
  const measured = after.examples;
  const definition = taskTypes[profile.type];
  const right = (outputs: readonly Output[]) =>
    measured.map((example, i) =>
      definition.correct({
        id: example.record.id,
        text: example.record.text,
        gold: example.gold,
        output: outputs[i] ?? null,
      }),
    );
  const compare = result.stopped === 'interrupted' ? null : request.before;
  const earlier = compare === null ? null : await compare(measured);
  const metric = tuningMetric(profile);
  const asItWas = earlier === null ? null : prepare(profile, measured, earlier, metric);
  const threshold = request.target === null ? null : chooseThreshold(profile, measured, after.outputs, request.target);
  return {
    found: threshold === null ? found : { ...found, threshold: threshold.value },
    search: result,
    after,
    before:
      asItWas === null
        ? null
        : {
            score: asItWas.value() ?? 0,
            interval: bootstrapIntervals([asItWas], { seed: request.seed, resamples: 300 })[0] ?? null,
          },
    lexical: result.trials.find(({ complexity }) => complexity === 0) ?? null,
    p: earlier === null ? null : mcNemar(right(after.outputs), right(earlier)).p,
    threshold,
  };
}
