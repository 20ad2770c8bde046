import { poolings } from '../../heads/pooling.js';
import type { Example } from '../../types.js';
import { bestOf, classifyingPrompts, hasMany } from '../candidates/classifying-prompts.js';
import { blocksAt } from '../candidates/depths.js';
import type { FewShotPrompt } from '../candidates/few-shot-prompt.js';
import type { Candidate, CandidatePlan, PlanOptions, TuneSession } from '../candidates/types.js';
import { type HeadShape, headCandidates, weightingsFor } from './classifier-candidates.js';

/**
 * Shares of the model's blocks after which a prompt is looked at: what a text means comes late, and the last blocks
 * turn to the next token. The usual one for all prompts, the others for the best.
 */
const depths = { usual: 0.67, deep: 0.8, early: 0.55 };
/** Many labels are told apart later: fewer blocks only lose there. */
const depthsOfMany = { usual: 0.8, deep: 0.9 };

/** How a candidate of the first ones was made. */
interface Made {
  readonly prompt: FewShotPrompt;
  readonly shape: HeadShape;
}

/**
 * Heads after prompts of one template or another with more or fewer examples. Then the best of them with more or fewer
 * blocks, with counts of words, and averaged over several prompts.
 */
export function classifierPlan(
  session: TuneSession,
  examples: readonly Example[],
  { words }: PlanOptions,
): CandidatePlan | null {
  const { profile } = session;
  const many = hasMany(profile);
  const { usual, deep: deeper } = many ? depthsOfMany : depths;
  const head = headCandidates(session, examples);
  if (head === null) return null;
  const { singles, further, reserved } = classifyingPrompts(session)(examples);
  const made = new Map<Candidate, Made>();
  const layersOf = (depth: number) => blocksAt(session, depth);
  const weightings = weightingsFor(session, examples);
  const candidates = singles.flatMap((prompt, turn) => {
    if (saysLittleNew(prompt, singles)) return [];
    return poolings.flatMap((pooling) =>
      weightings.map((balanced) => {
        const shape: HeadShape = { layers: layersOf(usual), pooling, lexical: false, joined: false, balanced };
        const candidate = head([prompt], shape, turn);
        made.set(candidate, { prompt, shape });
        return candidate;
      }),
    );
  });
  /** With more blocks, counts of words, fewer blocks, and averaged over prompts; what may bring most comes first. */
  const variantsOf = ({ prompt, shape }: Made): Candidate[] => {
    const shaped = (changes: Partial<HeadShape>) => head([prompt], { ...shape, ...changes }, 0);
    // In a model of a few blocks they may be the same.
    const ifOther = (layers: number) => (layers === shape.layers ? [] : [layers]);
    const at = (depth: number, changes: Partial<HeadShape> = {}) =>
      ifOther(layersOf(depth)).flatMap((layers) => poolings.map((pooling) => shaped({ layers, pooling, ...changes })));
    const withWords = words ? poolings.map((pooling) => shaped({ pooling, lexical: true })) : [];
    // Nothing is read again for it.
    const joined =
      session.beside == null ? [] : poolings.map((pooling) => shaped({ pooling, lexical: words, joined: true }));
    if (many) {
      // Words tell much of many labels, and no text has to be read again for them. Reading takes long there, so that what
      // comes first may be all that there is time for.
      return [
        ...joined,
        ...withWords,
        ...at(deeper, { lexical: words, joined: joined.length > 0 }),
        ...averagedOver({ prompt, shape: { ...shape, lexical: words } }),
      ];
    }
    const deep = words ? ifOther(layersOf(deeper)) : [];
    return [
      ...at(deeper),
      ...joined,
      ...withWords,
      ...deep.map((layers) => shaped({ layers, pooling: 'last+mean', lexical: true })),
      ...at(depths.early),
      ...averagedOver({ prompt, shape }),
    ];
  };
  const averagedOver = ({ prompt, shape }: Made): Candidate[] => {
    const more = further(prompt);
    return more === null ? [] : [head([prompt, ...more], shape, 0)];
  };
  return {
    candidates,
    reserved,
    next(trials) {
      const best = bestOf(trials, (candidate) => made.has(candidate));
      return best === null ? [] : variantsOf(made.get(best) as Made);
    },
  };
}

/**
 * Returns whether a prompt tells a head little more than another. Only examples show the names of the labels, and without
 * them the words after the text change the hidden states little. Where reading takes long, examples are always better.
 */
function saysLittleNew(prompt: FewShotPrompt, [first]: readonly FewShotPrompt[]): boolean {
  return prompt.count === 0 && prompt !== first;
}
