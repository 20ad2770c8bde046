import { z } from 'zod';
import type { TaskProfile } from '../types.js';

/** A labelled example in a prompt, kept with what was learned from it. */
const learnedExample = z.strictObject({ fields: z.record(z.string(), z.unknown()), label: z.string() });
export type LearnedExample = Readonly<z.infer<typeof learnedExample>>;

/** Few-shot examples of a prompt with their labels, in order; left out: those of the profile. */
export const learnedExamples = z.array(learnedExample).optional();

/** The learnable parts of a prompt that a label follows. */
export const learnedPromptShape = {
  prompt: z
    .strictObject({
      instruction: z.string(),
      base: z.string(),
      chat: z.string(),
      use: z.enum(['auto', 'able', 'base', 'chat']),
    })
    .optional(),
  /** The verbalizer of each label, by the label's name. */
  verbalizers: z.record(z.string(), z.string().min(1)).optional(),
  examples: learnedExamples,
  /** Further sets of examples, a prompt for each; label scores are averaged over all prompts. */
  ensemble: z.array(z.array(learnedExample).min(1)).min(1).optional(),
};
const learnedPrompt = z.object(learnedPromptShape);
export type LearnedPrompt = z.infer<typeof learnedPrompt>;

/** The learned prompt for labels; empty where nothing was tuned. */
export function learnedPromptOf({ tuned }: Pick<TaskProfile, 'tuned'>): LearnedPrompt {
  return tuned === null ? {} : learnedPrompt.parse(tuned.learned);
}

/** The profile with the templates and verbalizers that were learned. */
export function withLearnedPrompt(profile: TaskProfile): TaskProfile {
  const { prompt, verbalizers } = learnedPromptOf(profile);
  return {
    ...profile,
    prompt: prompt ?? profile.prompt,
    labels: profile.labels.map((label) => ({ ...label, word: verbalizers?.[label.name] ?? label.word })),
  };
}

/** The learned values of a method, read by its own schema; null where nothing was tuned. */
export function learnedBy<T>(schema: z.ZodType<T>, { tuned }: Pick<TaskProfile, 'tuned'>): T | null {
  return tuned === null ? null : schema.parse(tuned.learned);
}
