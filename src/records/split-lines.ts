import type { Chunks } from './types.js';

/** Consecutive lines that arrived together. */
export interface Lines {
  /** 1-based number of the first one. */
  readonly first: number;
  /** Without their line ends; null in place of a line that is longer than the limit. */
  readonly texts: readonly (string | null)[];
}

const lf = 0x0a;

/**
 * Lines of valid UTF-8, given on as soon as they are complete. A line that ends at the end of the file counts
 * also without LF. At most `maxBytes` of an unfinished line are kept; the rest is dropped as it comes.
 */
export async function* splitLines(chunks: Chunks, maxBytes: number): AsyncIterable<Lines> {
  let first = 1;
  let kept: Buffer[] = [];
  let length = 0;
  const keep = (bytes: Buffer) => {
    length += bytes.length;
    if (length > maxBytes) kept = [];
    else if (bytes.length > 0) kept.push(bytes);
  };
  const take = (): string | null => {
    const text = length > maxBytes ? null : Buffer.concat(kept).toString('utf8');
    kept = [];
    length = 0;
    return text;
  };
  for await (const chunk of chunks) {
    const end = chunk.indexOf(lf);
    if (end === -1) {
      keep(chunk);
      continue;
    }
    keep(chunk.subarray(0, end));
    const texts = [take()];
    const last = chunk.lastIndexOf(lf);
    if (last > end) {
      // One string for all of them: thousands of small ones take several times as long.
      const whole = chunk.toString('utf8', end + 1, last).split('\n');
      for (const text of last - end - 1 > maxBytes ? whole.map((line) => withinLimit(line, maxBytes)) : whole)
        texts.push(text);
    }
    keep(chunk.subarray(last + 1));
    yield { first, texts };
    first += texts.length;
  }
  if (length > 0) yield { first, texts: [take()] };
}

function withinLimit(line: string, maxBytes: number): string | null {
  return Buffer.byteLength(line) > maxBytes ? null : line;
}

/** `8 MiB`, `1.5 KiB`, `300 bytes`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [size, unit] = bytes < 1024 ** 2 ? [bytes / 1024, 'KiB'] : [bytes / 1024 ** 2, 'MiB'];
  return `${Number(size.toFixed(1))} ${unit}`;
}

/** The error for a record that is longer than the limit, and how that is raised. */
export function tooLong(what: string, maxBytes: number, flag = '--max-record-size'): string {
  return `${what} is longer than ${formatBytes(maxBytes)}; split it or raise ${flag}`;
}
