import { z } from 'zod';
import { contextField, judge, poolSize, windowLength } from '../passage-options.js';

export const sentenceOptions = z.strictObject({
  sentences: z.int().min(1).max(10).default(3).describe('Sentences of the longest answer.'),
  windows: z.int().min(1).max(10).default(2).describe('Passages that the model reads for a question.'),
  windowLength,
  embedder: z
    .string()
    .min(1)
    .optional()
    .describe('Embedding model that orders again the passages found by their words.'),
  judge,
  contextField,
  poolSize,
});

export type SentenceOptions = z.infer<typeof sentenceOptions>;
