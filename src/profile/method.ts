import { suggestion, usageError } from '../errors.js';
import { SchemaError } from '../grammar/schema-error.js';
import { methodNamed, methods } from '../methods/index.js';
import { placeOf } from '../record.js';
import { taskTypes } from '../task-types/index.js';
import type { TaskProfile } from '../types.js';
import type { Locate } from '../yaml.js';
import type { RawProfile } from './schema.js';

/**
 * The method that a profile names, itself or by the kind of its answers; undefined where it names none.
 * @throws SlmError where it names two
 */
export function namedMethod({ type, method, answer }: RawProfile, at: Locate): string | undefined {
  if (answer === undefined) return method;
  const named = taskTypes[type].answerKinds?.[answer];
  if (method === undefined || method === named) return named;
  throw usageError(
    `${at(Object.keys({ answer }))}: "answer: ${answer}" is the method "${named}", but "method" is "${method}".`,
    'Remove one of the two.',
  );
}

/**
 * Options of a method, with their defaults.
 * @throws SlmError where there is no such method, it is for other task types, or an option is not one of its
 */
export function optionsOf(raw: RawProfile, name: string, at: Locate): Record<string, unknown> {
  const names = Object.keys(methods);
  if (!names.includes(name))
    throw usageError(
      `${at(['method'])}: no method "${name}".${suggestion(name, names)}`,
      `There are ${names.join(', ')}.`,
    );
  const method = methodNamed(name);
  if (!method.taskTypes.includes(raw.type)) {
    const fitting = names.filter((other) => methodNamed(other).taskTypes.includes(raw.type));
    throw usageError(
      `${at(['method'])}: method "${name}" is for ${method.taskTypes.join(' and ')}, not for ${raw.type}.`,
      `For ${raw.type} there are ${fitting.join(', ')}.`,
    );
  }
  const result = method.options.safeParse(raw.options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const known = Object.keys((method.options as unknown as { shape?: object }).shape ?? {});
  if (issue?.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    throw usageError(
      `${at(['options', key])}: method "${name}" has no option "${key}".${suggestion(key, known)}`,
      `Its options: ${known.join(', ')}.`,
    );
  }
  throw usageError(
    `${at(['options', ...(issue?.path ?? [])])}: option "${issue?.path.join('.')}": ${issue?.message}`,
    `Options of ${name}: ${known.join(', ')}.`,
  );
}

/**
 * Refuses a profile that its method cannot work with, before the model is loaded.
 * @param placeInSchema `file:line:column` of a JSON pointer in the task's schema
 * @throws SlmError at the schema, or at the first example that the method cannot have
 */
export function checkMethod(profile: TaskProfile, placeInSchema: (pointer: string) => string): void {
  const problemOf = checked(profile, placeInSchema);
  if (problemOf === null) return;
  for (const { record, gold } of [...profile.examples, ...profile.fixtures]) {
    const problem = problemOf(gold);
    if (problem !== null) throw usageError(`${placeOf(record.origin)}: example "${record.id}": ${problem}.`);
  }
}

function checked(profile: TaskProfile, placeInSchema: (pointer: string) => string) {
  const { check } = methodNamed(profile.method);
  try {
    return check?.(profile) ?? null;
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw usageError(`${placeInSchema(error.pointer)}: ${error.message}`, error.hint, error);
  }
}
