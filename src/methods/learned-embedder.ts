import { z } from 'zod';
import type { TaskProfile } from '../types.js';

/** The embedding model that a head was trained on beside another model: what it learned is worth nothing without it. */
export const learnedEmbedder = z
  .strictObject({
    /** As it is spoken of: a name, or the path of a file. */
    model: z.string(),
    sha256: z.string(),
    /** What was put before each text. */
    prefix: z.string(),
  })
  .optional();

const shape = z.object({ embedder: learnedEmbedder });
export type LearnedEmbedder = NonNullable<z.infer<typeof learnedEmbedder>>;

/** Null where nothing was tuned, or a head does without. */
export function learnedEmbedderOf({ tuned }: Pick<TaskProfile, 'tuned'>): LearnedEmbedder | null {
  return tuned === null ? null : (shape.parse(tuned.learned).embedder ?? null);
}
