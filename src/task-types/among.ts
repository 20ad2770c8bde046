import { suggestion, usageError } from '../errors.js';
import type { ClassifyOutput, Example, ExplanationPart, Label, TaskProfile } from '../types.js';
import { scoreOf } from './classify/values.js';

/**
 * The profile, to choose among some of its labels only. Names, aliases and the order are the reader's; the result has
 * the profile's.
 * @param names left out: all labels
 * @throws SlmError of kind `usage` when there is no such label, or too few are left to choose from
 */
export function withAmong(profile: TaskProfile, names: readonly string[] | undefined): TaskProfile {
  if (names === undefined) return profile;
  if (profile.type !== 'classify')
    throw usageError(`--among is for tasks that classify; "${profile.name}" is of type ${profile.type}.`);
  const wanted = new Set(names.map((name) => labelCalled(name, profile)));
  const among = profile.labels.map(({ name }) => name).filter((name) => wanted.has(name));
  if (among.length === profile.labels.length) return profile;
  if (!profile.multiLabel && among.length < 2)
    throw usageError(`--among ${names.join(',')} leaves one label`, 'Name at least two, with commas between them.');
  const { below } = profile.threshold;
  if (below !== 'abstain' && !wanted.has(below)) {
    throw usageError(
      `--among leaves out "${below}", the label that results below the threshold get`,
      `Name it too: --among ${[...among, below].join(',')}.`,
    );
  }
  return { ...profile, among };
}

function labelCalled(name: string, { name: task, labels }: TaskProfile): string {
  const names = labels.map((label) => label.name);
  if (names.includes(name)) return name;
  const lower = name.toLowerCase();
  const close = labels.find((label) => [label.name, ...label.aliases].some((other) => other.toLowerCase() === lower));
  if (close !== undefined) return close.name;
  throw usageError(
    `task "${task}" has no label "${name}".${suggestion(name, names)}`,
    `Its labels: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}.`,
  );
}

type Choice = Pick<TaskProfile, 'among' | 'labels'>;

/** The labels that a result may have, in the profile's order. */
export function chosenLabels({ among, labels }: Choice): readonly Label[] {
  return among === undefined ? labels : labels.filter(({ name }) => among.includes(name));
}

/**
 * The output with the chosen labels alone. Of one label a record the probabilities are renormalised: what they would
 * be if it were known that one of these holds. Labels that are decided each by itself keep theirs.
 */
export function amongChosen(output: ClassifyOutput, profile: Choice & Pick<TaskProfile, 'multiLabel'>): ClassifyOutput {
  if (profile.among === undefined) return output;
  const kept = profile.among.map((name): [string, number] => [name, scoreOf(output.scores, name)]);
  if (profile.multiLabel) return { ...output, scores: Object.fromEntries(kept) };
  const sum = kept.reduce((total, [, score]) => total + score, 0);
  const renormalised = kept.map(([name, score]): [string, number] => [name, sum > 0 ? score / sum : 1 / kept.length]);
  return { ...output, scores: Object.fromEntries(renormalised) };
}

/** Part of `--explain`: the probabilities of all labels beside those among the chosen ones. */
export function amongPart(before: ClassifyOutput, after: ClassifyOutput): ExplanationPart {
  const chosen = new Map(Object.entries(after.scores));
  const lines = Object.entries(before.scores).map(
    ([label, score]) => `${label}  ${score.toFixed(4)} → ${chosen.get(label)?.toFixed(4) ?? 'left out'}`,
  );
  return { title: `among ${[...chosen.keys()].join(', ')}`, body: lines.join('\n') };
}

/**
 * The examples that can be judged with the chosen labels. Where a record has one label and that is left out, no answer
 * would be right, so it is not there. Where several can hold, gold labels that are left out are not asked for.
 */
export function amongExamples(examples: readonly Example[], { among, multiLabel }: TaskProfile): readonly Example[] {
  if (among === undefined) return examples;
  return examples.flatMap((example) => {
    if (example.gold.type !== 'classify') return [example];
    const labels = example.gold.labels.filter((label) => among.includes(label));
    return labels.length === 0 && !multiLabel ? [] : [{ ...example, gold: { ...example.gold, labels } }];
  });
}

/** @throws SlmError of kind `usage` when none of the records could be judged with the chosen labels */
export function requireSomeAmong(examples: readonly Example[], profile: TaskProfile): void {
  if (examples.length === 0 || amongExamples(examples, profile).length > 0) return;
  throw usageError(
    `none of the ${examples.length} labelled records has a label among ${profile.among?.join(', ')}`,
    'Name labels that the data has, or map its own with --label-map.',
  );
}
