import { digestOf } from '../jobs/rolling-digest.js';
import type { Task } from '../predict.js';
import { placeOf } from '../record.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, InputRecord, Output, Pair } from '../types.js';
import type { Mistake, RecordResult, Report } from './report.js';

/** An example with what was predicted for it. */
export function pairOf(example: Example, output: Output | null): Pair {
  return { id: example.record.id, text: example.record.text, gold: example.gold, output };
}

/** The names by which a report tells records apart. */
export function recordName({ record, gold }: Example): Pick<RecordResult, 'id' | 'place' | 'digest'> {
  const digest = digestOf([record.text, ...taskTypes[gold.type].passageOf(record)]);
  return { id: record.id, place: placeOf(record.origin), digest };
}

/** The surest mistakes first: those say most about the method, and about the labels. */
export function mistakesOf(examples: readonly Example[], pairs: readonly Pair[]): Mistake[] {
  const found = pairs.flatMap((pair, i) => {
    const definition = taskTypes[pair.gold.type];
    const example = examples[i] as Example;
    if (definition.correct(pair)) return [];
    const { origin } = example.record;
    return {
      id: pair.id,
      place: placeOf(origin),
      text: pair.text,
      gold: definition.describe(pair.gold),
      predicted: pair.output === null ? '(error)' : definition.describe(pair.output),
      score: pair.output === null ? null : definition.confidence(pair.output),
      tags: example.tags ?? [],
    };
  });
  return found.sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
}

/** How many records of each tag are right, the worst tags first. */
export function byTag(examples: readonly Example[], pairs: readonly Pair[]): Report['byTag'] {
  const tags = new Map<string, { n: number; correct: number }>();
  for (const [i, pair] of pairs.entries()) {
    const right = taskTypes[pair.gold.type].correct(pair);
    for (const tag of examples[i]?.tags ?? []) {
      const count = tags.get(tag) ?? { n: 0, correct: 0 };
      tags.set(tag, { n: count.n + 1, correct: count.correct + (right ? 1 : 0) });
    }
  }
  return [...tags].map(([tag, count]) => ({ tag, ...count })).sort((a, b) => a.correct / a.n - b.correct / b.n);
}

/** Returns whether what was copied is the input's, or a document's, own text at the offsets that it names. */
export function isGrounded({ profile, documents }: Task, record: InputRecord, output: Output | undefined): boolean {
  if (output === undefined) return true;
  return taskTypes[profile.type].isGrounded?.(output, record, documents) ?? true;
}
