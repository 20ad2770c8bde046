import { z } from 'zod';

/** Options that the methods which read passages have in common. */
export const contextField = z.string().default('context').describe('Field of a record that brings its own passage.');

export const windowLength = z
  .int()
  .min(200)
  .max(8000)
  .default(1600)
  .describe('Characters of such a passage, in whole sentences.');

export const judge = z
  .string()
  .min(1)
  .optional()
  .describe('Larger model that says whether a passage answers the question; the model itself by default.');

export const poolSize = z.int().min(0).default(60).describe('Examples that the no-answer decision is fitted on.');
