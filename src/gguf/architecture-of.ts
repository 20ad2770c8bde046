import { closeSync, openSync, readSync } from 'node:fs';
import { checkGguf } from './check.js';

const key = 'general.architecture';
/** Value type of a string. */
const stringType = 8;

/**
 * The architecture of a model file. It is the first key of nearly every file, so that some hundred bytes suffice; else
 * the whole header is read.
 */
export function architectureOf(path: string): string {
  return quickly(path) ?? String(checkGguf(path).metadata.get(key)?.value);
}

function quickly(path: string): string | null {
  const buffer = Buffer.alloc(4096);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null; // Whoever reads it next says what is wrong.
  }
  try {
    const head = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
    const at = head.indexOf(key) + key.length;
    if (head.toString('latin1', 0, 4) !== 'GGUF' || at < key.length || at + 12 > head.length) return null;
    if (head.readUInt32LE(at) !== stringType) return null;
    const length = Number(head.readBigUInt64LE(at + 4));
    return at + 12 + length > head.length ? null : head.toString('utf8', at + 12, at + 12 + length);
  } finally {
    closeSync(file);
  }
}
