import type { FewShotExample } from '../prompt.js';
import type { Example, Label, TaskProfile } from '../types.js';
import { learnedPromptOf } from './learned.js';

/**
 * Few-shot examples for a label set: the first ones of each label in file order, label by label in turn, so that
 * any number is as balanced as it can be. Deterministic.
 * @param isWanted which examples may be chosen; asked of no more of them than are needed
 */
export function balancedExamples(
  examples: readonly Example[],
  labels: readonly Label[],
  count: number,
  isWanted: (example: Example) => boolean = () => true,
): Example[] {
  let queues = labels.map(({ name }) => only(examples, (each) => labelOf(each) === name && isWanted(each)));
  const chosen: Example[] = [];
  while (chosen.length < count && queues.length > 0) {
    queues = queues.filter((queue) => {
      if (chosen.length >= count) return false;
      const { value } = queue.next();
      if (value !== undefined) chosen.push(value);
      return value !== undefined;
    });
  }
  return chosen;
}

function* only(examples: readonly Example[], isWanted: (example: Example) => boolean): Generator<Example, undefined> {
  for (const example of examples) if (isWanted(example)) yield example;
}

/** The label of an example, the first one where it has several; empty where it has none. */
export function labelOf({ gold }: Example): string {
  return gold.type === 'classify' ? (gold.labels[0] ?? '') : '';
}

/** The examples that are not among the shots: what calibration may look at. */
export function withoutExamples(examples: readonly Example[], shots: readonly Example[]): Example[] {
  const used = new Set(shots);
  return examples.filter((example) => !used.has(example));
}

/** Further sets of examples, as tuning has found them: a prompt for each. */
export function ensembleExamples(profile: TaskProfile): FewShotExample[][] {
  const wordOf = new Map(profile.labels.map((label) => [label.name, label.word]));
  return (learnedPromptOf(profile).ensemble ?? []).map((shots) =>
    shots.map(({ fields, label }) => ({ fields, target: wordOf.get(label) ?? label })),
  );
}

/** The labelled examples of a classifying prompt: the tuned ones, else `count` of the profile's, balanced. */
export function labelExamples(profile: TaskProfile, count: number): FewShotExample[] {
  return learnedExamplesOf(profile) ?? asExamples(profile, balancedExamples(profile.examples, profile.labels, count));
}

/** The examples that a prompt may choose from: those of the tuned settings, else all, label by label. */
export function examplePool(profile: TaskProfile): FewShotExample[] {
  const { examples, labels } = profile;
  return learnedExamplesOf(profile) ?? asExamples(profile, balancedExamples(examples, labels, examples.length));
}

function learnedExamplesOf(profile: TaskProfile): FewShotExample[] | null {
  const wordOf = new Map(profile.labels.map((label) => [label.name, label.word]));
  const { examples } = learnedPromptOf(profile);
  return examples === undefined
    ? null
    : examples.map(({ fields, label }) => ({ fields, target: wordOf.get(label) ?? label }));
}

function asExamples(profile: TaskProfile, examples: readonly Example[]): FewShotExample[] {
  const wordOf = new Map(profile.labels.map((label) => [label.name, label.word]));
  return examples.map((example) => ({
    fields: example.record.fields,
    target: wordOf.get(labelOf(example)) as string,
  }));
}
