import type { Candidate, Trial } from '../methods/candidates/types.js';
import type { Example, TaskProfile } from '../types.js';
import { measureCandidate } from './measure.js';
import type { SearchOptions, SearchResult } from './search.js';

/** One candidate measured on more and more examples, the fewest first. */
export interface Curve {
  readonly title: string;
  readonly points: readonly Trial[];
}

/** Parts of the examples that are measured beside what the rounds of the search have measured. */
const shares = [0.25, 0.5];
const fewest = 12;

/**
 * Held-out scores of the chosen candidate, and of the baseline without a model, on beginnings of the examples.
 * Examples that stand in the prompt can neither be learned from nor measured: a part needs three times as many.
 */
export async function learningCurves(
  profile: TaskProfile,
  candidates: readonly Candidate[],
  {
    rounds,
    chosen,
    metric,
    objective,
    reserved,
  }: Pick<SearchResult, 'rounds' | 'chosen' | 'metric' | 'objective' | 'reserved'>,
  after: Trial,
  options: Pick<SearchOptions, 'seed' | 'journal' | 'onTrial'>,
): Promise<Curve[]> {
  const sizes = shares
    .map((share) => Math.round(after.n * share))
    .filter((size) => size >= Math.max(fewest, 3 * (chosen.inPrompt?.size ?? 0)));
  const baselines = candidates.filter(({ finish, key }) => finish === null && key !== chosen.key);
  const curves: Curve[] = [];
  for (const candidate of [chosen, ...baselines]) {
    const points = rounds.filter(({ key }) => key === candidate.key);
    for (const size of sizes) {
      if (points.some(({ n }) => n === size)) continue;
      options.onTrial({ kind: 'stage', title: `learning curve, ${size} of ${after.n} examples` });
      const part: readonly Example[] = after.examples.slice(0, size);
      points.push(
        (await measureCandidate(profile, candidate, part, { ...options, metric, objective, reserved })).trial,
      );
    }
    if (points.length > 0) curves.push({ title: candidate.title, points: points.sort((a, b) => a.n - b.n) });
  }
  return curves;
}
