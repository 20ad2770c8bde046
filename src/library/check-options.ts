import type { z } from 'zod';
import { suggestion, usageError } from '../errors.js';
import { given } from '../given.js';

/**
 * The options of a call, checked as the command line checks its flags: a misspelt or impossible one would be left out
 * without a word.
 * @param call name of the function, for messages
 * @returns them without those that are undefined
 * @throws SlmError of kind `usage` that names the first wrong one
 */
export function checkOptions<T extends object>(call: string, schema: z.ZodObject, options: T): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw usageError(`${call}: the options are ${described(options)}; expected an object`);
  const checked = given(options);
  const { error } = schema.safeParse(checked);
  if (error === undefined) return checked as T;
  // A misspelt name explains why another one is missing.
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? (error.issues[0] as z.core.$ZodIssue);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape);
    const [key] = issue.keys as [string];
    throw usageError(`${call}: unknown option "${key}".${suggestion(key, known)}`, `Options: ${known.join(', ')}.`);
  }
  const found = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], checked);
  const name = issue.path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`));
  throw usageError(`${call}: the option "${name.join('')}" is ${described(found)}; expected ${issue.message}`);
}

/** @throws SlmError of kind `usage` where an argument is not the text that it must be */
export function checkText(call: string, name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  throw usageError(`${call}: the ${name} is ${described(value)}; expected a name or a path`);
}

/** What somebody gave, for messages; of a list or an object only that it is one. */
export function described(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value.length > 60 ? 'a text' : JSON.stringify(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
