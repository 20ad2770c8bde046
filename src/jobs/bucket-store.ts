import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../folders.js';
import { replaceFile } from '../replace-file.js';

export interface BucketStore {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

export interface BucketLimits {
  /** Files, by the first hexadecimal digits of a key; a power of 16. */
  readonly buckets: number;
  /** Largest size of a file. */
  readonly bucketBytes: number;
}

/** 512 MiB in all; a full bucket is read in 0.2 ms on a busy machine. */
const usual: BucketLimits = { buckets: 4096, bucketBytes: 128 * 1024 };

/**
 * Texts by key (lower-case hex, all of one length), for millions of small ones. A hash table on disk: the first digits
 * of a key name a bucket, a file that entries are appended to. A file an entry (cache.ts) would be a million files,
 * and one log would need an index in memory that grows with it; here a look-up reads one small file and nothing is
 * kept between. A bucket that is full is replaced by its newer half, so the whole has a largest size.
 *
 * Processes may share it without locks: an append is one write, a replacement one rename, and an entry that is torn or
 * lost in between fails its checksum or is not found, which only means work done twice. An entry begins with its line
 * end, so that half a line from a killed process ends there.
 */
export function bucketStore(directory: string, limits: BucketLimits = usual): BucketStore {
  const digits = Math.round(Math.log2(limits.buckets) / 4);
  const fileOf = (key: string) => path.join(directory, `${key.slice(0, digits)}.log`);
  return {
    get(key) {
      const bytes = readIfThere(fileOf(key));
      const start = bytes.indexOf(`\n${key} `);
      if (start === -1) return null;
      const end = bytes.indexOf('\n', start + 1);
      const entry = bytes.toString('utf8', start + key.length + 2, end === -1 ? bytes.length : end);
      const value = entry.slice(checkLength + 1);
      return entry.slice(0, checkLength) === checkOf(key, value) ? value : null;
    },
    set(key, value) {
      if (value.includes('\n')) throw new Error('a value of this store is one line');
      const entry = Buffer.from(`\n${key} ${checkOf(key, value)} ${value}`);
      // One that large would push out everything else.
      if (entry.length > limits.bucketBytes / 4) return;
      try {
        const file = fileOf(key);
        const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
        if (size + entry.length > limits.bucketBytes) shrink(file, limits.bucketBytes / 2);
        else if (size === 0) makeFolder(directory, 0o700);
        appendFileSync(file, entry, { mode: 0o600 });
      } catch {
        // Everything here can be computed again; a full disk is for the output to report.
      }
    },
  };
}

const checkLength = 8;

function checkOf(key: string, value: string): string {
  return createHash('sha256').update(`${key} ${value}`).digest('hex').slice(0, checkLength);
}

function shrink(file: string, keepBytes: number): void {
  const bytes = readIfThere(file);
  const start = bytes.indexOf('\n', Math.max(0, bytes.length - keepBytes));
  replaceFile(file, start === -1 ? '' : bytes.subarray(start));
}

function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
