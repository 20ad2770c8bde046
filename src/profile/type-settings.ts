import { usageError } from '../errors.js';
import { taskTypes } from '../task-types/index.js';
import type { TypeSetting } from '../task-types/types.js';
import type { TaskType } from '../types.js';
import type { Locate } from '../yaml.js';
import type { RawProfile } from './schema.js';

/**
 * A key that the task type does not read would be ignored without a word.
 * @throws SlmError at the key
 */
export function checkSettings(raw: RawProfile, at: Locate): void {
  const { settings } = taskTypes[raw.type];
  for (const [key, value] of Object.entries(typeSettings(raw))) {
    if (!isGiven(value) || settings.includes(key as TypeSetting)) continue;
    const readers = Object.entries(taskTypes).filter(([, type]) => type.settings.includes(key as TypeSetting));
    throw usageError(
      `${at([key])}: a task of type "${raw.type}" does not read "${key}".`,
      `It is for ${readers.map(([name]) => name).join(' and ')}. Remove it, or change the type.`,
    );
  }
}

function typeSettings({ labels, multiLabel, threshold, schema, grammar, documents, answer }: RawProfile) {
  return { labels, multiLabel, threshold, schema, grammar, documents, answer } satisfies Record<TypeSetting, unknown>;
}

/** Returns whether it is there and says something: documents are a list, a flag can be left at false. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
}

/** A task of another type than the one that it includes leaves behind what only that one reads. */
export function withoutUnread(parent: RawProfile, type: TaskType): RawProfile {
  const unread = Object.keys(typeSettings(parent)).filter(
    (key) => !taskTypes[type].settings.includes(key as TypeSetting),
  );
  const kept = Object.fromEntries(Object.entries(parent).filter(([key]) => !unread.includes(key)));
  return { ...kept, multiLabel: kept.multiLabel ?? false, documents: kept.documents ?? [] } as RawProfile;
}
