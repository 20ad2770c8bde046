import type { Example } from '../types.js';
import { type HeadShape, headCandidates, weightingsFor } from './head-candidates.js';
import { lexicalCandidate } from './lexical-candidate.js';
import { scoreCandidates } from './score-candidates.js';
import { furtherPrompts, type PromptGroup, type ShotPrompt, shotPrompts } from './shot-prompts.js';
import { templatesFor } from './templates.js';
import type { Candidate, SearchPlan, Trial, TuneSession } from './types.js';

/** Examples in the prompt, balanced; templates beside the task's own are tried with the most. */
const shotCounts = [0, 8, 16];
/** Shares of the model's blocks after which the end of a prompt is looked at: meaning comes late. */
const depths = { deep: 0.8, middle: 0.6 };
/** Prompts that are averaged over, each with other examples: which ones stand there matters less then. */
const prompts = 3;

/**
 * Ways to classify: label scores and heads after prompts of one template or another with more or fewer examples; then
 * the best of each kind once more, averaged over several prompts.
 */
export function classifyPlan(session: TuneSession, examples: readonly Example[]): SearchPlan {
  const { profile } = session;
  const score = profile.multiLabel ? null : scoreCandidates(session);
  const head = headCandidates(session, examples);
  const singles = promptsFor(session, examples);
  const fullest = singles.reduce((a, b) => (b.count > a.count ? b : a));
  const made = new Map<Candidate, { prompt: ShotPrompt; again: (group: PromptGroup) => Candidate }>();
  const note = (prompt: ShotPrompt, again: (group: PromptGroup) => Candidate): Candidate => {
    const candidate = again([prompt]);
    made.set(candidate, { prompt, again });
    return candidate;
  };
  const [deep, middle] = [depths.deep, depths.middle].map((depth) => Math.max(1, Math.round(session.blocks * depth)));
  const shapesFor = (prompt: ShotPrompt): HeadShape[] =>
    weightingsFor(session, examples).flatMap((balanced) => {
      const plain: HeadShape = { layers: deep as number, pooling: 'last', lexical: false, balanced };
      if (prompt !== fullest) return [plain];
      const variants = [
        {},
        { lexical: true },
        { pooling: 'last+mean' },
        { pooling: 'last+mean', lexical: true },
      ] as const;
      const earlier = middle === deep ? [] : [{ ...plain, layers: middle as number }];
      return [...variants.map((variant) => ({ ...plain, ...variant })), ...earlier];
    });
  const candidates = singles.flatMap((prompt) => [
    ...(score === null ? [] : [note(prompt, score)]),
    ...(head === null
      ? []
      : shapesFor(prompt).map((shape) =>
          // Counts of words say the same after each prompt.
          note(prompt, (group: PromptGroup) => head(group, group.length === 1 ? shape : { ...shape, lexical: false })),
        )),
  ]);
  const further = (prompt: ShotPrompt) =>
    prompt.count === 0 ? null : furtherPrompts(session, examples, prompt, prompts - 1);
  return {
    candidates: [lexicalCandidate(profile, session.seed), ...candidates],
    aside: new Set(singles.flatMap((prompt) => further(prompt) ?? []).flatMap(({ inPrompt }) => [...inPrompt])),
    next(trials) {
      return (['scores', 'head'] as const).flatMap((kind) => {
        const best = bestOf(trials, (candidate) => candidate.kind === kind && made.has(candidate));
        const found = best === null ? undefined : made.get(best);
        const more = found === undefined ? null : further(found.prompt);
        return found === undefined || more === null ? [] : [found.again([found.prompt, ...more])];
      });
    },
  };
}

/** The task's own template with few and many examples, and the others with the most that there are. */
function promptsFor(session: TuneSession, examples: readonly Example[]): ShotPrompt[] {
  if (session.profile.multiLabel) return shotPrompts(session, examples, [0]);
  const [own, ...others] = templatesFor(session);
  const plain = shotPrompts(session, examples, shotCounts, own);
  const most = Math.max(...plain.map(({ count }) => count));
  return [...plain, ...others.flatMap((template) => shotPrompts(session, examples, [most], template))];
}

function bestOf(trials: ReadonlyMap<Candidate, Trial>, fits: (candidate: Candidate) => boolean): Candidate | null {
  const ranked = [...trials].filter(([candidate]) => fits(candidate)).sort(([, a], [, b]) => b.merit - a.merit);
  return ranked[0]?.[0] ?? null;
}
