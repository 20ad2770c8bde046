import { createHash } from 'node:crypto';
import type { InputRecord } from '../types.js';

/** A digest of everything so far that can be read at any time (5 µs). */
export interface RollingDigest {
  update(data: string | Uint8Array): void;
  /** 128 bits as lower-case hex. */
  value(): string;
}

export function createRollingDigest(): RollingDigest {
  const hash = createHash('sha256');
  return {
    update: (data) => void hash.update(data),
    value: () => hash.copy().digest('hex').slice(0, 32),
  };
}

/** Identity of a record when the input is read again: its place, its id and all its fields. */
export function recordIdentity({
  index,
  id,
  fields,
  covered,
}: Pick<InputRecord, 'index' | 'id' | 'fields' | 'covered'>): string {
  return `${JSON.stringify([index, id, fields, ...(covered === undefined ? [] : [covered.value])])}\n`;
}

/** 128 bits of a value, as lower-case hex. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
