import { suggestion, usageError } from '../errors.js';
import { taskTypes } from '../task-types/index.js';
import type { Capability, TaskProfile, TaskType } from '../types.js';
import { askedAnswer } from './asked-answer/index.js';
import { askedGeneration } from './asked-generation/index.js';
import { askedLabels } from './asked-labels/index.js';
import { askedSpans } from './asked-spans/index.js';
import { constrainedGeneration } from './constrained-generation/index.js';
import { embeddingHead } from './embedding-head/index.js';
import { head } from './head/index.js';
import { labelDecisions } from './label-decisions/index.js';
import { labelLikelihood } from './label-likelihood/index.js';
import { passageSentences } from './passage-sentences/index.js';
import { passageSpans } from './passage-spans/index.js';
import { passageVerdicts } from './passage-verdicts/index.js';
import { spanCopying } from './span-copying/index.js';
import { spanScoring } from './span-scoring/index.js';
import type { Method } from './types.js';

/** Every method by name. */
export const methods = {
  'label-likelihood': labelLikelihood,
  'label-decisions': labelDecisions,
  'span-copying': spanCopying,
  'span-scoring': spanScoring,
  'passage-spans': passageSpans,
  'passage-sentences': passageSentences,
  'passage-verdicts': passageVerdicts,
  'constrained-generation': constrainedGeneration,
  head,
  'embedding-head': embeddingHead,
  'asked-labels': askedLabels,
  'asked-spans': askedSpans,
  'asked-answer': askedAnswer,
  'asked-generation': askedGeneration,
} satisfies Record<string, Method>;

/** @throws SlmError when there is no such method */
export function methodNamed(name: string): Method {
  if (Object.hasOwn(methods, name)) return (methods as Record<string, Method>)[name] as Method;
  const names = Object.keys(methods);
  throw usageError(`no method "${name}".${suggestion(name, names)}`, `There are ${names.join(', ')}.`);
}

/** The method that a task type gets when its profile names none. */
export function defaultMethod(type: TaskType, multiLabel: boolean): string {
  return taskTypes[type].defaultMethod(multiLabel);
}

/**
 * The profile with a method that the engine supports. Keeps the profile's own method if the engine supports it. Else it
 * takes the first supported one, preferably one that needs no training. If there is none, the profile is unchanged.
 */
export function withFittingMethod(
  profile: TaskProfile,
  capabilities: readonly Capability[],
  table: Readonly<Record<string, Method>> = methods,
): TaskProfile {
  const can = ({ needs }: Method) => needs.every((need) => capabilities.includes(need));
  if (can(methodNamed(profile.method))) return profile;
  const able = Object.values(table).filter((method) => method.taskTypes.includes(profile.type) && can(method));
  // One that has to be trained first says so.
  const fitting = able.find(({ mustLearn }) => mustLearn !== true) ?? able[0];
  return fitting === undefined ? profile : { ...profile, method: fitting.name, options: fitting.options.parse({}) };
}

export function methodOf(profile: Pick<TaskProfile, 'method'>): Method {
  return methodNamed(profile.method);
}
