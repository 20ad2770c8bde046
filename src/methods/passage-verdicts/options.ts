import { z } from 'zod';
import { contextField } from '../passage-options.js';

export const verdictOptions = z.strictObject({
  verdicts: z
    .array(z.string().min(1))
    .min(2)
    .default(['yes', 'no', 'maybe'])
    .describe('The answers to choose from; each begins with another token.'),
  shots: z.int().min(0).default(0).describe('Number of examples in the prompt, one of each verdict in turn.'),
  windowLength: z.int().min(200).max(8000).default(3000).describe('Characters of the passage, in whole sentences.'),
  contextField,
  poolSize: z.int().min(0).default(100).describe('Examples that the probabilities are fitted on.'),
});
export type VerdictOptions = z.infer<typeof verdictOptions>;
