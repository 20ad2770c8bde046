import { onceEach } from '../../lazy.js';
import type { Example, TaskProfile } from '../../types.js';
import { labelOf } from '../few-shot.js';
import { type FewShotPrompt, fits, promptWith, shortestOf } from './few-shot-prompt.js';
import { fewShotPrompts, furtherPrompts } from './few-shot-prompts.js';
import { labelsTemplate, type Template, templatesFor, withoutInstruction } from './templates.js';
import type { Candidate, Trial, TuneSession } from './types.js';

/** Examples in the prompt, balanced; other templates are tried with the fewest that there are. */
const exampleCounts = [0, 8, 16];
/** With more labels than that, the first that can be: a head learns what is asked from some of them. Reading all takes minutes. */
const exampleCountsOfMany = [16, 0];
/** Examples that are like most others. */
const varied = 8;
/** Prompts that are averaged over, each with other examples: which ones stand there matters less then. */
const ensemble = 3;

/** The prompts after which methods look at a text that is to be classified; the same for all methods. */
export interface ClassifyingPrompts {
  readonly singles: readonly FewShotPrompt[];
  /** Prompts with other examples, to be averaged over with one of the singles; null where there are not enough. */
  further(prompt: FewShotPrompt): readonly FewShotPrompt[] | null;
  /** Examples that may come to stand in those. */
  readonly reserved: ReadonlySet<Example>;
}

/** Made once for a search: methods share what is read of them. */
export const classifyingPrompts = onceEach((session: TuneSession) =>
  onceEach((examples: readonly Example[]): ClassifyingPrompts => {
    const singles = promptsFor(session, examples);
    // Examples in prompts are lost for measuring: further sets of varied ones would take too many.
    const further = (prompt: FewShotPrompt) =>
      prompt.count > 0 && prompt.choice === 'first' ? furtherPrompts(session, examples, prompt, ensemble - 1) : null;
    const reserved = singles.flatMap((prompt) => further(prompt) ?? []).flatMap(({ inPrompt }) => [...inPrompt]);
    return { singles, further, reserved: new Set(reserved) };
  }),
);

/** More labels than examples in a prompt, or several at once. */
export function hasMany({ multiLabel, labels }: TaskProfile): boolean {
  return multiLabel || labels.length > Math.max(...exampleCounts);
}

/** Returns whether each label can be said: one that other labels' examples leave out would hardly ever be. */
export function showsAll({ count, shots }: FewShotPrompt, examples: readonly Example[]): boolean {
  const shown = new Set(shots.map(({ label }) => label));
  return count === 0 || examples.every((example) => shown.has(labelOf(example)));
}

/** The best of some candidates so far. */
export function bestOf(
  trials: ReadonlyMap<Candidate, Trial>,
  fits: (candidate: Candidate) => boolean,
): Candidate | null {
  const ranked = [...trials]
    .filter(([candidate]) => fits(candidate))
    .sort(([, a], [, b]) => b.objectiveValue - a.objectiveValue);
  return ranked[0]?.[0] ?? null;
}

/** The templates of a task, which leave room for a text at least. */
function roomyTemplates(session: TuneSession, examples: readonly Example[]): [Template, ...Template[]] {
  const [own, ...others] = templatesFor(session) as [Template, ...Template[]];
  if (fits(session, promptWith(session, own, []).tokens(shortestOf(examples)))) return [own, ...others];
  return [withoutInstruction(own), ...others.map(withoutInstruction)];
}

/** The task's own template without and with few and many examples, and the others with few. */
function promptsFor(session: TuneSession, examples: readonly Example[]): FewShotPrompt[] {
  const [own, ...others] = roomyTemplates(session, examples);
  const { profile } = session;
  const counts = hasMany(profile) ? exampleCountsOfMany : exampleCounts;
  if (profile.multiLabel) return fewShotPrompts(session, examples, counts, { template: labelsTemplate(profile) });
  const plain = fewShotPrompts(session, examples, counts, { template: own });
  // A prompt that is compared with other templates or examples has to show each label.
  const whole = plain.filter((prompt) => showsAll(prompt, examples)).map(({ count }) => count);
  const most = Math.max(...whole);
  const few = whole.find((count) => count > 0) ?? 0;
  return [
    ...plain,
    ...(most < varied ? [] : fewShotPrompts(session, examples, [varied], { template: own, choice: 'varied' })),
    ...others.flatMap((template) => fewShotPrompts(session, examples, [few], { template })),
  ];
}
