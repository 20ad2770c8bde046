import { z } from 'zod';

/** A schema for each option of an interface: one without a schema, or with that of another kind, does not compile. */
export type Shape<Options> = { readonly [Name in keyof Required<Options>]: z.ZodType<Options[Name]> };

// Each message ends the sentence "the option "threads" is -1; expected …".
export const text = z.string('a text').min(1, 'a text that is not empty');
export const texts = z.array(text, 'an array of texts').readonly();
export const names = z.array(text, 'an array of names').min(1, 'one name or more').readonly();
export const flag = z.boolean('true or false');
export const oneOf = <Value extends string>(values: readonly [Value, ...Value[]]) =>
  z.enum(values, `one of ${values.map((value) => `"${value}"`).join(', ')}`);
export const count = (least: number) =>
  z.int(`a whole number of at least ${least}`).min(least, `a whole number of at least ${least}`);
const between = 'a number between 0 and 1';
export const share = z.number(between).gt(0, between).lt(1, between);
const probabilityRange = 'a number from 0 to 1';
export const probability = z.number(probabilityRange).min(0, probabilityRange).max(1, probabilityRange);
// Timers hold no more than 24 days.
const timeRange = 'a number of milliseconds above 0 and below 2147483648';
export const milliseconds = z
  .number(timeRange)
  .gt(0, timeRange)
  .lt(2 ** 31, timeRange);

/** A value of a kind that zod would copy, or ask for by the class of this realm alone. */
export function valueWith<T>(expected: string, isOne: (value: object) => boolean): z.ZodType<T> {
  const isObject = (value: unknown) => (typeof value === 'object' || typeof value === 'function') && value !== null;
  return z.custom<T>((value) => isObject(value) && isOne(value as object), expected);
}

const fields = valueWith<Readonly<Record<string, unknown>>>(
  'an object of fields',
  (value) => typeof value === 'object' && !Array.isArray(value),
);

/** Labelled data: a file, or records. */
export const data = z.union([text, z.array(fields).readonly()], 'the path of a file, or an array of objects of fields');
