import type { Context } from 'hono';
import type { z } from 'zod';
import { messageOf } from '../errors.js';
import { JsonProblem, parseJson } from '../json.js';
import { InvalidBody } from './errors.js';

/**
 * The body of a request, as JSON of this form.
 * @throws InvalidBody
 */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const text = await c.req.text();
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    throw new InvalidBody([
      { path: [error.position ?? 0], message: `not JSON: ${messageOf(error)}`, type: 'json_invalid' },
    ]);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidBody(
    result.error.issues.map(({ path, message, code }) => ({
      path: path.map((part) => (typeof part === 'symbol' ? String(part) : part)),
      message,
      type: code,
    })),
  );
}
