import { poolings } from '../heads/pooling.js';
import { blocksAt } from '../methods/candidates/depths.js';
import type { PromptGroup, ShotPrompt } from '../methods/candidates/few-shot-prompt.js';
import { furtherPrompts, shotPrompts } from '../methods/candidates/few-shot-prompts.js';
import { nearestPrompt } from '../methods/candidates/nearest-prompt.js';
import { labelsTemplate, type Template, templatesFor } from '../methods/candidates/templates.js';
import type { Candidate, PlanOptions, SearchPlan, Trial, TuneSession } from '../methods/candidates/types.js';
import { labelOf } from '../methods/few-shot.js';
import { type HeadShape, headCandidates, weightingsFor } from '../methods/head/classifier-candidates.js';
import { scoreCandidates } from '../methods/label-likelihood/candidates.js';
import type { Example, TaskProfile } from '../types.js';
import { lexicalCandidate } from './lexical-candidate.js';

/** Examples in the prompt, balanced; other templates are tried with the fewest that there are. */
const shotCounts = [0, 8, 16];
/** With more labels than that, the first that can be: a head learns what is asked from some of them. Reading all takes minutes. */
const shotCountsOfMany = [16, 0];
/** Examples that are like most others, and, for each text, those most like it. */
const [varied, nearest] = [8, 8];
/**
 * Shares of the model's blocks after which a prompt is looked at: what a text means comes late, and the last blocks
 * turn to the next token. The usual one for all prompts, the others for the best.
 */
const depths = { usual: 0.67, deep: 0.8, early: 0.55 };
/** Many labels are told apart later: fewer blocks only lose there. */
const depthsOfMany = { usual: 0.8, deep: 0.9 };
/** Prompts that are averaged over, each with other examples: which ones stand there matters less then. */
const prompts = 3;

/**
 * Ways to classify: label scores and heads after prompts of one template or another with more or fewer examples. Then
 * the best head with more or fewer blocks, or with counts of words; the best of each kind averaged over several
 * prompts; and label scores after the examples most like each text.
 */
export function classifyPlan(session: TuneSession, examples: readonly Example[], { words }: PlanOptions): SearchPlan {
  const { profile } = session;
  const many = hasMany(profile);
  const { usual, deep: deeper } = many ? depthsOfMany : depths;
  const score = profile.multiLabel ? null : scoreCandidates(session, examples);
  const head = headCandidates(session, examples);
  const singles = promptsFor(session, examples);
  const likest = score === null ? null : nearestPrompt(session, examples, nearest);
  const made = new Map<Candidate, Made>();
  const note = (prompt: ShotPrompt, shape: HeadShape | null, candidate: Candidate): Candidate => {
    made.set(candidate, { prompt, shape });
    return candidate;
  };
  const layersOf = (depth: number) => blocksAt(session, depth);
  const weightings = weightingsFor(session, examples);
  const candidates = singles.flatMap((prompt) => [
    ...(score === null || !showsAll(prompt, examples) ? [] : [note(prompt, null, score([prompt]))]),
    ...(head === null || saysLittleNew(prompt, singles)
      ? []
      : poolings.flatMap((pooling) =>
          weightings.map((balanced) => {
            const shape: HeadShape = { layers: layersOf(usual), pooling, lexical: false, balanced };
            return note(prompt, shape, head([prompt], shape));
          }),
        )),
  ]);
  // What stands in prompts is lost for measuring: other sets of varied ones would take too much.
  const further = (prompt: ShotPrompt) =>
    prompt.count > 0 && prompt.choice === 'first' ? furtherPrompts(session, examples, prompt, prompts - 1) : null;
  /** With more blocks, counts of words, fewer blocks, and averaged over prompts; what may bring most comes first. */
  const variantsOf = ({ prompt, shape }: Made): Candidate[] => {
    if (head === null || shape === null) return [];
    const shaped = (changes: Partial<HeadShape>) => head([prompt], { ...shape, ...changes });
    // In a model of a few blocks they may be the same.
    const ifOther = (layers: number) => (layers === shape.layers ? [] : [layers]);
    const at = (depth: number, changes: Partial<HeadShape> = {}) =>
      ifOther(layersOf(depth)).flatMap((layers) => poolings.map((pooling) => shaped({ layers, pooling, ...changes })));
    const withWords = words ? poolings.map((pooling) => shaped({ pooling, lexical: true })) : [];
    if (many) {
      // Words tell much of many labels, and no text has to be read again for them. Reading takes long there, so that what
      // comes first may be all that there is time for.
      return [
        ...withWords,
        ...at(deeper, { lexical: words }),
        ...averagedOver({ prompt, shape: { ...shape, lexical: words } }),
      ];
    }
    const deep = words ? ifOther(layersOf(deeper)) : [];
    return [
      ...at(deeper),
      ...withWords,
      ...deep.map((layers) => shaped({ layers, pooling: 'last+mean', lexical: true })),
      ...at(depths.early),
      ...averagedOver({ prompt, shape }),
    ];
  };
  const averagedOver = ({ prompt, shape }: Made): Candidate[] => {
    const more = further(prompt);
    const make = shape === null ? score : head === null ? null : (group: PromptGroup) => head(group, shape);
    return more === null || make === null ? [] : [make([prompt, ...more])];
  };
  return {
    candidates: [lexicalCandidate(profile, session.seed), ...candidates],
    aside: new Set(singles.flatMap((prompt) => further(prompt) ?? []).flatMap(({ inPrompt }) => [...inPrompt])),
    next(trials) {
      const more = (['head', 'scores'] as const).flatMap((kind) => {
        const best = bestOf(trials, (candidate) => candidate.kind === kind && made.has(candidate));
        const found = best === null ? undefined : made.get(best);
        return found === undefined ? [] : kind === 'head' ? variantsOf(found) : averagedOver(found);
      });
      // Ten times the tokens of the others: where there is time.
      return [...more, ...(score === null || likest === null ? [] : [score([likest])])];
    },
  };
}

/** How a candidate of the first ones was made; label scores have no shape. */
interface Made {
  readonly prompt: ShotPrompt;
  readonly shape: HeadShape | null;
}

/** More labels than examples in a prompt, or several at once. */
function hasMany({ multiLabel, labels }: TaskProfile): boolean {
  return multiLabel || labels.length > Math.max(...shotCounts);
}

/** Whether each label can be said: one that other labels' examples leave out would hardly ever be. */
function showsAll({ count, shots }: ShotPrompt, examples: readonly Example[]): boolean {
  const shown = new Set(shots.map(({ label }) => label));
  return count === 0 || examples.every((example) => shown.has(labelOf(example)));
}

/**
 * What labels are called stands in examples only, and without any, what comes after the text changes little of what a
 * head reads of it; where reading takes long, examples are always better than none.
 */
function saysLittleNew({ template, count }: ShotPrompt, [first]: readonly ShotPrompt[]): boolean {
  return count === 0 && (template.name !== '' || (first?.count ?? 0) > 0);
}

/** The task's own template without and with few and many examples, and the others with few. */
function promptsFor(session: TuneSession, examples: readonly Example[]): ShotPrompt[] {
  const [own, ...others] = templatesFor(session) as [Template, ...Template[]];
  const { profile } = session;
  const counts = hasMany(profile) ? shotCountsOfMany : shotCounts;
  if (profile.multiLabel) return shotPrompts(session, examples, counts, { template: labelsTemplate(profile) });
  const plain = shotPrompts(session, examples, counts, { template: own });
  // What is compared with other templates, or other examples, has to show each label.
  const whole = plain.filter((prompt) => showsAll(prompt, examples)).map(({ count }) => count);
  const most = Math.max(...whole);
  const few = whole.find((count) => count > 0) ?? 0;
  return [
    ...plain,
    ...(most < varied ? [] : shotPrompts(session, examples, [varied], { template: own, choice: 'varied' })),
    ...others.flatMap((template) => shotPrompts(session, examples, [few], { template })),
  ];
}

function bestOf(trials: ReadonlyMap<Candidate, Trial>, fits: (candidate: Candidate) => boolean): Candidate | null {
  const ranked = [...trials].filter(([candidate]) => fits(candidate)).sort(([, a], [, b]) => b.merit - a.merit);
  return ranked[0]?.[0] ?? null;
}
