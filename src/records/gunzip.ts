import { createGunzip } from 'node:zlib';
import { usageError } from '../errors.js';
import type { Chunks } from './types.js';

const magic = Buffer.from([0x1f, 0x8b]);

/** Returns whether bytes are gzip, going by their magic number and not by a name. */
export function isGzip(head: Buffer): 'yes' | 'no' | 'maybe' {
  if (head.length >= magic.length) return head.subarray(0, magic.length).equals(magic) ? 'yes' : 'no';
  return magic.indexOf(head) === 0 ? 'maybe' : 'no';
}

/** Bytes unpacked at a time. Even at a very good compression ratio (1000:1) the result stays a few MiB. */
const sliceBytes = 8 * 1024;

/** Unpacked bytes. Damaged or truncated data throws after everything that could be unpacked was delivered. */
export async function* gunzip(chunks: Chunks, file: string): Chunks {
  const stream = createGunzip();
  const unpacked: Buffer[] = [];
  let error: Error | null = null;
  let ended = false;
  let wake: () => void = () => undefined;
  stream.on('data', (bytes: Buffer) => unpacked.push(bytes));
  stream.on('error', (cause) => {
    error = cause;
  });
  // After the end or an error, the callback of a write is no longer called.
  for (const event of ['end', 'error']) {
    stream.on(event, () => {
      ended = true;
      wake();
    });
  }
  const wait = (begin: () => void) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      begin();
      if (ended) resolve();
    });
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length && error === null; at += sliceBytes) {
        const slice = chunk.subarray(at, at + sliceBytes);
        await wait(() => stream.write(slice, () => wake()));
        yield* unpacked.splice(0);
      }
      if (error !== null) break;
    }
    if (error === null) await wait(() => stream.end());
    yield* unpacked.splice(0);
  } finally {
    stream.destroy();
  }
  if (error !== null) throw damaged(file, error);
}

function damaged(file: string, error: Error) {
  const cut = 'code' in error && error.code === 'Z_BUF_ERROR';
  return usageError(
    cut ? `"${file}" is cut off: its gzip data ends too early` : `"${file}" has damaged gzip data: ${error.message}`,
    `The part before that place was read. Check the file with: gzip -t ${file === '-' ? '' : file}`.trimEnd(),
    error,
  );
}
