import type { Context } from 'hono';
import type { z } from 'zod';
import { messageOf } from '../errors.js';
import { JsonProblem, parseJson } from '../json.js';
import { type BodyProblem, InvalidBody, notJson } from './errors.js';

/**
 * The body of a request, as JSON of this form.
 * @throws InvalidBody
 */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const text = utf8Of(await c.req.arrayBuffer());
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    throw new InvalidBody([{ path: [error.position ?? 0], message: `not JSON: ${messageOf(error)}`, type: notJson }]);
  }
  const lost = placeOfLostName(value);
  if (lost !== null)
    throw new InvalidBody([{ path: lost, message: 'nothing can be called "__proto__"', type: 'invalid_key' }]);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidBody(result.error.issues.flatMap((issue) => problemsOf(issue, [])));
}

/** @throws InvalidBody where it is in another encoding: other characters would be read in place of those that were sent */
function utf8Of(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidBody([{ path: [], message: 'not UTF-8', type: notJson }]);
  }
}

/** The check of an object drops the one name that JavaScript does not take for a name like others: its place, or null. */
function placeOfLostName(value: unknown): (string | number)[] | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(name) : name;
    const place = name === '__proto__' ? [] : placeOfLostName(inner);
    if (place !== null) return [step, ...place];
  }
  return null;
}

/**
 * The problems with a value that has one of several forms: those of the form that it comes closest to, which is the one
 * whose problems are inside it; where there is none, all that it could be.
 */
function problemsOf(issue: z.core.$ZodIssue, outer: readonly PropertyKey[]): BodyProblem[] {
  const path = [...outer, ...issue.path];
  const forms = issue.code === 'invalid_union' ? issue.errors : [];
  const inside = forms.find((problems) => problems.every((problem) => problem.path.length > 0));
  if (inside !== undefined) return inside.flatMap((problem) => problemsOf(problem, path));
  const expected = [
    ...new Set(forms.flat().flatMap((one) => ('expected' in one ? [kinds[one.expected] ?? one.expected] : []))),
  ];
  const message = expected.length === 0 ? issue.message : `Invalid input: expected ${expected.join(' or ')}`;
  const named = path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  return [{ path: named, message, type: issue.code }];
}

/** Kinds that the check calls otherwise than JSON does. */
const kinds: Readonly<Record<string, string>> = { record: 'object' };
