import { createReadStream } from 'node:fs';

/** A row of a file of results, with the line end. */
export interface FileRow {
  /** Bytes `[start, end)` of the file. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const lf = 0x0a;
const quote = 0x22;

/**
 * The rows of a file that we wrote: lines, or, where cells may be in quotes, lines up to which the quotes are even.
 * A last row without its line end is half a row, and is not given.
 */
export async function* fileRows(path: string, { quoted }: { quoted: boolean }): AsyncIterable<FileRow> {
  let kept: Buffer = Buffer.alloc(0);
  let start = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes: Buffer = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let from = 0;
    let open = false;
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(lf, at);
      if (end === -1) break;
      if (quoted && count(bytes, quote, at, end) % 2 === 1) open = !open;
      at = end + 1;
      if (open) continue;
      yield { start: start + from, end: start + at, text: bytes.toString('utf8', from, at) };
      from = at;
    }
    kept = bytes.subarray(from);
    start += from;
  }
}

function count(bytes: Buffer, byte: number, from: number, to: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte, from); at !== -1 && at < to; at = bytes.indexOf(byte, at + 1)) found++;
  return found;
}
