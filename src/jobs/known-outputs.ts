import type { KnownOutputs, Task } from '../predict.js';
import { taskTypes } from '../task-types/index.js';
import { namesInTemplate } from '../template.js';
import type { InputRecord, Output, TaskProfile } from '../types.js';
import type { BucketStore } from './bucket-store.js';
import { digestOf } from './rolling-digest.js';

/** Raised when outputs look different. */
const layout = 2;

export interface CountedOutputs extends KnownOutputs {
  /** How many records were found. */
  readonly hits: number;
}

/**
 * Outputs of earlier runs, for texts that come again.
 * @param basis all that outputs depend on beside the record
 */
export function knownOutputs(store: BucketStore, task: Pick<Task, 'profile'>, basis: unknown): CountedOutputs {
  const salt = digestOf([layout, basis]);
  const contentOf = contentReader(task.profile);
  const keyOf = (record: InputRecord) => digestOf([salt, ...contentOf(record)]);
  let hits = 0;
  return {
    get hits() {
      return hits;
    },
    async get(record) {
      const stored = store.get(keyOf(record));
      const output = stored === null ? null : (JSON.parse(stored) as Output);
      if (output !== null) hits++;
      return output;
    },
    async set(record, output) {
      store.set(keyOf(record), JSON.stringify(output));
    },
  };
}

/** Reads all of a record that its output can depend on: the text, and the fields that matter, by name. */
export function contentReader(
  profile: Pick<TaskProfile, 'type' | 'input' | 'prompt'>,
): (record: InputRecord) => [text: string, used: [name: string, value: unknown][]] {
  const matters = fieldFilter(profile);
  return ({ text, fields }) => {
    const used = Object.entries(fields).filter(([name]) => matters(name));
    return [text, used.sort(([a], [b]) => (a < b ? -1 : 1))];
  };
}

/**
 * Which fields can make a difference. A template can only use a field that an expression of it names; where a method looks
 * further, such as for what answers are read from, all count but the id.
 */
function fieldFilter({
  type,
  input,
  prompt,
}: Pick<TaskProfile, 'type' | 'input' | 'prompt'>): (name: string) => boolean {
  const { readsDocuments } = taskTypes[type];
  const named = [prompt.instruction, prompt.base, prompt.chat].map(namesInTemplate);
  return (name) => name === input || named.some((names) => names.has(name)) || (readsDocuments && name !== 'id');
}
