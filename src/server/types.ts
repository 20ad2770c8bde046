import type { TaskPool } from '../app/serving/pool.js';

/** Numbers that bound what one client can ask for. */
export interface Limits {
  /** Bytes of a request's body. */
  readonly bodyBytes: number;
  /** Records, or questions, of one request. */
  readonly records: number;
  /** Milliseconds until a request that is under way is ended. */
  readonly requestMs: number;
  /** Requests under way; further ones are answered with 429. */
  readonly requests: number;
}

export const usualLimits: Limits = { bodyBytes: 8 << 20, records: 10_000, requestMs: 300_000, requests: 64 };

/** The values that a server is made from. */
export interface ServerContext {
  readonly pool: TaskPool;
  readonly version: string;
  readonly limits: Limits;
  /** Bearer keys; none means that everybody may ask. */
  readonly keys: readonly string[];
  /** Domains that it is known by, beside addresses and names of its own network; null where any will do. */
  readonly hostNames: readonly string[] | null;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** The time of day, milliseconds since 1970. */
  date(): number;
  /** Resident memory of this process, bytes. */
  memoryBytes(): number;
  /** A name for a request that brings none. */
  requestId(): string;
  /** Aborted when the server is to end: what is begun is finished, nothing new is taken. */
  readonly closing: AbortSignal;
  /** One line for the operator. Never text of users. */
  log(line: string): void;
}
