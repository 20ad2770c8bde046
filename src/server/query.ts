import type { Context } from 'hono';
import { suggestion } from '../errors.js';
import { own } from '../json.js';
import { HttpError } from './errors.js';
import type { z } from './routes.js';

/**
 * Checks the parameters of the address. One that is not known would be ignored without a word.
 * @throws HttpError
 */
export function checkQuery(c: Context, query: z.ZodObject): void {
  const names = Object.keys(query.shape);
  for (const [name, value] of Object.entries(c.req.query())) {
    const schema = own(query.shape, name);
    if (schema === undefined)
      throw new HttpError(
        400,
        'invalid_request_error',
        `unknown parameter "${name}"; this path takes ${names.join(', ')}.${suggestion(name, names)}`,
      );
    const { error } = (schema as z.ZodType).safeParse(value);
    if (error !== undefined)
      throw new HttpError(400, 'invalid_request_error', `${name}: ${error.issues[0]?.message ?? 'invalid'}`);
  }
}
