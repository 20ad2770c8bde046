import type { FileStamp } from '../gguf/model-file.js';
import { propertyNames } from '../grammar/schema-properties.js';
import type { JobSpec } from '../jobs/spec.js';
import { methodOf } from '../methods/index.js';
import type { Task } from '../predict.js';
import { chosenLabels } from '../task-types/among.js';
import type { InputRecord, Output, TaskType } from '../types.js';

/** Raised with every change of the messages; both sides must have the same. */
export const protocol = 5;

/** The properties of a task that a client needs for reading its input and writing its results. */
export interface TaskSummary {
  readonly name: string;
  readonly type: TaskType;
  readonly input: string;
  /** Names of those that a result may have, in order. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** Names of the properties that a schema gives an output, and of further columns that a method fills. */
  readonly properties: readonly string[];
  /** Name of the model that it is done with. */
  readonly model: string;
}

export function summaryOf({ profile, engine }: Pick<Task, 'profile' | 'engine'>): TaskSummary {
  const { name, type, input, multiLabel } = profile;
  const labels = chosenLabels(profile).map((label) => label.name);
  const properties = [...propertyNames(profile.schema), ...(methodOf(profile).columns ?? [])];
  return { name, type, input, labels, multiLabel, properties, model: engine.model.name };
}

/** The task and model that a host has loaded. */
export interface Hosted {
  readonly summary: TaskSummary;
  /** All that outputs depend on beside the record. */
  readonly basis: JobSpec;
  /** The mapped file, as it was when it was loaded. */
  readonly modelFile: { readonly path: string; readonly stamp: FileStamp | null } | null;
}

/** Identity of a client: a host answers only to the same program, protocol and task. */
export interface Identity {
  readonly protocol: number;
  /** Version and build of the program. */
  readonly program: string;
  /** All that decides what a host computes; the name of its socket comes from it. */
  readonly key: string;
}

/** The state of a host that `slm ps` shows. */
export interface HostStatus {
  readonly pid: number;
  readonly task: string;
  readonly model: string;
  readonly memoryBytes: number;
  /** Since the last client has gone; 0 while one is there. */
  readonly idleMs: number;
  readonly keepAliveMs: number;
  /** Records done since the start. */
  readonly records: number;
}

export type Request =
  | { readonly hello: Identity }
  | { readonly record: InputRecord; readonly id: number }
  | { readonly status: true }
  | { readonly stop: true };

/** The request of a client; null where it is none: anyone who can reach the socket can write anything. */
export function requestOf(message: object): Request | null {
  const { hello, record, id, status, stop } = message as Readonly<Record<string, unknown>>;
  if (status === true) return { status };
  if (stop === true) return { stop };
  if (isObject(hello)) {
    const { protocol: version, program, key } = hello;
    const isIdentity = typeof version === 'number' && typeof program === 'string' && typeof key === 'string';
    return isIdentity ? { hello: { protocol: version, program, key } } : null;
  }
  const isRecord = isObject(record) && typeof record.text === 'string' && isObject(record.fields);
  return isRecord && typeof id === 'number' ? { record: record as unknown as InputRecord, id } : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type Reply =
  /** `window`: records that may be under way at once. */
  | { readonly ready: Hosted; readonly window: number }
  | { readonly refused: string }
  | { readonly id: number; readonly output?: Output; readonly error?: string; readonly ms: number }
  /** The record could not be tried at all: the client shall do it. */
  | { readonly id: number; readonly failed: string }
  /** Still there, still at work. */
  | { readonly alive: true }
  | { readonly status: HostStatus };
