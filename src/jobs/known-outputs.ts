import type { Document } from '../methods/types.js';
import type { KnownOutputs, Task } from '../predict.js';
import type { InputRecord, Output, TaskProfile } from '../types.js';
import type { BucketStore } from './bucket-store.js';
import { digestOf } from './rolling-digest.js';

export interface CountedOutputs extends KnownOutputs {
  /** How many records were found. */
  readonly hits: number;
}

/**
 * Outputs of earlier runs, for texts that come again.
 * @param basis all that outputs depend on beside the record
 */
export function knownOutputs(
  store: BucketStore,
  task: Pick<Task, 'profile'>,
  documents: readonly Document[],
  basis: unknown,
): CountedOutputs {
  const salt = digestOf(basis);
  const matters = fieldFilter(task.profile);
  const keyOf = ({ text, fields }: InputRecord) => {
    const used = Object.entries(fields).filter(([name]) => matters(name));
    return digestOf([salt, text, used.sort(([a], [b]) => (a < b ? -1 : 1))]);
  };
  const byDigest = new Map(documents.map((document) => [digestOf(document.text), document.text]));
  let hits = 0;
  return {
    get hits() {
      return hits;
    },
    async get(record) {
      const stored = store.get(keyOf(record));
      const output = stored === null ? null : unpack(stored, record, byDigest);
      if (output !== null) hits++;
      return output;
    },
    async set(record, output) {
      store.set(keyOf(record), pack(output));
    },
  };
}

/**
 * Which fields can make a difference. A template can only use a field whose name is written in it; what answers are
 * read from has several names, so there all count but the id.
 */
function fieldFilter({ type, input, prompt }: TaskProfile): (name: string) => boolean {
  const templates = `${prompt.instruction}\n${prompt.base}\n${prompt.chat}`;
  return (name) => name === input || templates.includes(name) || (type === 'answer' && name !== 'id');
}

/** A JSON value; the document that an answer stands in is named by its digest. */
function pack(output: Output): string {
  if (output.type !== 'answer' || output.evidence === undefined) return JSON.stringify(output);
  return JSON.stringify({ ...output, evidence: { ...output.evidence, text: digestOf(output.evidence.text) } });
}

function unpack(stored: string, { fields }: InputRecord, documents: ReadonlyMap<string, string>): Output | null {
  const output = JSON.parse(stored) as Output;
  if (output.type !== 'answer' || output.evidence === undefined) return output;
  const { evidence } = output;
  const own = fields[evidence.source];
  const text =
    documents.get(evidence.text) ?? (typeof own === 'string' && digestOf(own) === evidence.text ? own : null);
  return text === null ? null : { ...output, evidence: { ...evidence, text } };
}
