import { taskTypes } from '../task-types/index.js';
import type { Example, TaskType } from '../types.js';

/**
 * The first test example that is also among the examples, which would be in the prompt while it is scored. Case,
 * punctuation and white space do not make a difference. Where records are about a passage, that counts, too.
 */
export function findLeak(
  type: TaskType,
  examples: readonly Example[],
  fixtures: readonly Example[],
): { example: Example; fixture: Example } | null {
  const known = new Map(examples.map((example) => [contentOf(type, example), example]));
  for (const fixture of fixtures) {
    const example = known.get(contentOf(type, fixture));
    if (example !== undefined) return { example, fixture };
  }
  return null;
}

/** The records that are not among the examples, by the same measure. */
export function withoutLeaks<T extends Pick<Example, 'record'>>(
  type: TaskType,
  records: readonly T[],
  examples: readonly Example[],
): T[] {
  const known = new Set(examples.map((example) => contentOf(type, example)));
  return records.filter((record) => !known.has(contentOf(type, record)));
}

function contentOf(type: TaskType, { record }: Pick<Example, 'record'>): string {
  return [record.text, ...taskTypes[type].passageOf(record)].map((text) => plain(String(text ?? ''))).join('\n');
}

/** The words of a text in lower case; the text itself where it has none (👍). */
function plain(text: string): string {
  const lower = text.toLowerCase();
  // The same for ASCII, in half the time: all examples of a task are read at each start.
  const others = /^[\0-\x7f]*$/u.test(lower) ? /[^a-z0-9]+/gu : /[^\p{L}\p{N}]+/gu;
  const words = lower.replace(others, ' ').trim();
  return words === '' ? text.trim() : words;
}
