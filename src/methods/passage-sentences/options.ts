import { z } from 'zod';

export const sentenceOptions = z.strictObject({
  sentences: z.int().min(1).max(10).default(3).describe('Sentences of the longest answer.'),
  windows: z.int().min(1).max(10).default(2).describe('Passages that the model reads for a question.'),
  windowLength: z.int().min(200).max(8000).default(1600).describe('Characters of such a passage, in whole sentences.'),
  embedder: z
    .string()
    .min(1)
    .optional()
    .describe('Embedding model by which the passages that words have found are ordered again.'),
  judge: z
    .string()
    .min(1)
    .optional()
    .describe('Larger model that says whether a passage answers the question; the model itself by default.'),
  contextField: z.string().default('context').describe('Field of a record that brings its own passage.'),
  poolSize: z.int().min(0).default(60).describe('Examples that the no-answer decision is fitted on.'),
});

export type SentenceOptions = z.infer<typeof sentenceOptions>;
