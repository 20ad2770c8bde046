import { readSync } from 'node:fs';

/** Thrown when the file ends, or claims something that cannot be, while its header is read. */
export class BrokenHeader extends Error {
  override readonly name = 'BrokenHeader';
  /** True when reading would have gone past the end of the file. */
  readonly truncated: boolean;

  constructor(message: string, truncated = false) {
    super(message);
    this.truncated = truncated;
  }
}

/** Reads little-endian values one after the other through a window, never past the end of the file. */
export interface Cursor {
  /** Offset in the file of the next byte. */
  position(): number;
  u32(): number;
  /** A 64-bit unsigned integer that must be a safe one: counts, lengths, offsets. `what` is for the message. */
  size(what: string): number;
  /** The next `count` bytes; valid until the next call. */
  bytes(count: number): Buffer;
  /** A length-prefixed UTF-8 string of at most `maxBytes`. */
  string(what: string, maxBytes: number): string;
  /** Skips `count` length-prefixed strings. A vocabulary has a hundred thousand of them, so this has to be fast. */
  skipStrings(count: number): void;
  /**
   * Skips as many strings that must all be different; nearly as fast.
   * @returns the place of the first one that stands there before, or null
   */
  skipDistinct(count: number): number | null;
  skip(count: number): void;
}

const windowBytes = 1 << 20;

export function openCursor(file: number, fileBytes: number): Cursor {
  let window = Buffer.alloc(Math.min(windowBytes, fileBytes));
  let windowStart = 0;
  let filled = 0;
  let at = 0;

  /** Makes the next `count` bytes available and returns their index in the window. */
  function need(count: number): number {
    const position = windowStart + at;
    if (count > fileBytes - position) {
      throw new BrokenHeader(`the file ends at byte ${fileBytes}, inside its header`, true);
    }
    if (at + count > filled) {
      if (count > window.length) {
        window = Buffer.concat([window.subarray(at, filled)], count);
        filled -= at;
      } else {
        window.copyWithin(0, at, filled);
        filled -= at;
      }
      windowStart = position;
      at = 0;
      while (filled < count) {
        const read = readSync(file, window, filled, window.length - filled, windowStart + filled);
        if (read === 0) throw new BrokenHeader(`the file ends at byte ${windowStart + filled}`, true);
        filled += read;
      }
    }
    const index = at;
    at += count;
    return index;
  }

  function size(what: string): number {
    const index = need(8);
    const low = window.readUInt32LE(index);
    const high = window.readUInt32LE(index + 4);
    if (high >= 0x200000) throw new BrokenHeader(`${what} is impossibly large`);
    return high * 0x100000000 + low;
  }

  function skip(count: number): void {
    const position = windowStart + at;
    if (count > fileBytes - position) {
      throw new BrokenHeader(`the file ends at byte ${fileBytes}, inside its header`, true);
    }
    if (at + count <= filled) {
      at += count;
      return;
    }
    windowStart = position + count;
    at = 0;
    filled = 0;
  }

  function skipStrings(count: number): void {
    for (let left = count; left > 0; left--) {
      const next = at + 8;
      // Most strings are short and wholly in the window; their length is read without a call.
      const isShort =
        next <= filled && window[at + 2] === 0 && window[at + 3] === 0 && window.readUInt32LE(at + 4) === 0;
      const end = isShort ? next + (window[at] as number) + (window[at + 1] as number) * 0x100 : filled + 1;
      if (end <= filled) at = end;
      else skip(size('the length of a string'));
    }
  }

  function skipDistinct(count: number): number | null {
    // Hashes in a table that is at most half full; bytes are compared where they are equal.
    const mask = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2))) - 1;
    const cells = new Int32Array(mask + 1).fill(-1);
    const hashes = new Int32Array(count);
    const ends = new Int32Array(count);
    let bytes = Buffer.allocUnsafe(windowBytes);
    let used = 0;
    let repeated: number | null = null;
    for (let place = 0; place < count; place++) {
      const length = size('the length of a string');
      const index = need(length);
      if (used + length > bytes.length) bytes = Buffer.concat([bytes], 2 * (used + length));
      const start = used;
      // FNV-1a.
      let hash = 0x811c9dc5;
      for (let i = index; i < index + length; i++) {
        const byte = window[i] as number;
        bytes[used++] = byte;
        hash = Math.imul(hash ^ byte, 0x01000193);
      }
      hashes[place] = hash;
      ends[place] = used;
      // llama.cpp gives names of their own to empty ones.
      if (length === 0) continue;
      let cell = (hash ^ (hash >>> 15)) & mask;
      for (; cells[cell] !== -1; cell = (cell + 1) & mask) {
        const other = cells[cell] as number;
        if (repeated !== null || hashes[other] !== hash) continue;
        const otherStart = other === 0 ? 0 : (ends[other - 1] as number);
        if (bytes.compare(bytes, otherStart, ends[other], start, used) === 0) repeated = place;
      }
      // What is repeated is found; a chain of the same again and again would take for ever.
      if (repeated === null) cells[cell] = place;
    }
    return repeated;
  }

  return {
    position: () => windowStart + at,
    u32: () => {
      const index = need(4);
      return window.readUInt32LE(index);
    },
    size,
    bytes: (count) => {
      const index = need(count);
      return window.subarray(index, index + count);
    },
    string: (what, maxBytes) => {
      const length = size(`the length of ${what}`);
      if (length > maxBytes) throw new BrokenHeader(`${what} has ${length} bytes, more than ${maxBytes}`);
      const index = need(length);
      return window.toString('utf8', index, index + length);
    },
    skipStrings,
    skipDistinct,
    skip,
  };
}
