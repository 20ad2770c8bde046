import { z } from 'zod';

/** Options of the method `embedding-head`. */
export const embeddingHeadOptions = z.strictObject({
  prefix: z
    .string()
    .optional()
    .describe('What the model wants before a text, such as "query: ". Default: what the catalogue says of the model.'),
});
