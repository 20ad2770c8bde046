import { z } from 'zod';

/** Options of the method `embedding-head`. */
export const embeddingHeadOptions = z.strictObject({
  prefix: z
    .string()
    .optional()
    .describe('Prefix that the model expects before a text, such as "query: ". Default: that of the catalogue.'),
});
