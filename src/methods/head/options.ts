import { z } from 'zod';

/** Options of the method `head`, for all types of tasks. */
export const headOptions = z.strictObject({
  shots: z.int().min(0).default(0).describe('Few-shot examples before a text that is classified.'),
  windowTokens: z
    .int()
    .min(16)
    .max(512)
    .default(96)
    .describe('Longer texts are tagged in windows of whole sentences; each repeats the last sentence before it.'),
});

export type HeadOptions = z.infer<typeof headOptions>;
