import { usageError } from '../errors.js';
import { taskTypes } from '../task-types/index.js';
import type { Label } from '../types.js';
import type { Locate } from '../yaml.js';
import type { RawProfile } from './schema.js';

/** The labels of a task, with what it leaves out. */
export function labelsOf(raw: RawProfile): Label[] {
  const entries = Array.isArray(raw.labels)
    ? raw.labels.map((name) => [String(name), ''] as const)
    : Object.entries(raw.labels ?? {});
  return entries.map(([name, value]) =>
    typeof value === 'string'
      ? { name, description: value, word: name, aliases: [] }
      : { name, description: value.description, word: value.word ?? name, aliases: value.aliases },
  );
}

/** A prompt that names more has no room for a text, and all work on labels grows with their number. */
const maxLabels = 2000;

/** @throws SlmError at the first label that cannot be one */
export function checkLabels(raw: RawProfile, labels: readonly Label[], at: Locate): void {
  const needed = taskTypes[raw.type].fewestLabels(raw.multiLabel);
  if (labels.length < needed) {
    throw usageError(
      `${at(['labels'])}: a task of type "${raw.type}" needs at least ${needed} label${needed === 1 ? '' : 's'}, found ${labels.length}.`,
    );
  }
  if (labels.length > maxLabels) {
    throw usageError(
      `${at(['labels'])}: ${labels.length} labels; a task may have at most ${maxLabels}.`,
      'Choose in two steps: a task for the group, and one for each group.',
    );
  }
  const words = new Set<string>();
  for (const [index, { name, word }] of labels.entries()) {
    const place = at(['labels', Array.isArray(raw.labels) ? index : name]);
    if (words.has(word))
      throw usageError(`${place}: two labels with the word "${word}"; the model could not tell them apart.`);
    if (name === 'abstain' || name === 'error')
      throw usageError(`${place}: "${name}" is a reserved word in results. Choose another name and set "word".`);
    if (name !== name.trim())
      throw usageError(`${place}: the label "${name}" begins or ends with a blank, which labelled data leaves out.`);
    words.add(word);
  }
  checkAliases(labels, at);
}

/** Another name must mean one label. It is looked for without regard to case (`labelNamed`). */
function checkAliases(labels: readonly Label[], at: Locate): void {
  const owners = new Map(labels.map(({ name }) => [name.toLowerCase(), name]));
  for (const { name, aliases } of labels) {
    for (const [index, alias] of aliases.entries()) {
      const owner = owners.get(alias.toLowerCase()) ?? name;
      if (owner !== name)
        throw usageError(
          `${at(['labels', name, 'aliases', index])}: "${alias}" would mean both "${owner}" and "${name}".`,
          'Give the alias to one of the two.',
        );
      owners.set(alias.toLowerCase(), owner);
    }
  }
}
