import { z } from 'zod';
import { contextField, judge, poolSize, windowLength } from '../passage-options.js';

export const passageOptions = z.strictObject({
  shots: z
    .int()
    .min(0)
    .default(4)
    .describe('Number of answered questions in a completion prompt; in chat turns there are none.'),
  passages: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('Sentences that the model reads for a question, with a completion prompt.'),
  windows: z.int().min(1).max(10).default(2).describe('Passages that the model reads for a question, in chat turns.'),
  windowLength,
  embedder: z
    .string()
    .min(1)
    .optional()
    .describe('Embedding model that orders again the passages found by their words, in chat turns.'),
  candidates: z.int().min(1).max(10).default(4).describe('Candidate answers that are written out and compared.'),
  longestAnswer: z.int().min(1).max(100).default(24).describe('Tokens of the longest answer.'),
  judge,
  contextField,
  poolSize,
});
