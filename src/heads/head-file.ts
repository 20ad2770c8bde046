import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { StoredArray, StoredNumbers } from '../types.js';

const magic = 'slm head 1\n';

/**
 * `bf16` keeps the upper half of a 32-bit number, 3 digits: enough for the many small weights of a lexical model,
 * and half the file.
 */
type Encoding = 'f32' | 'f64' | 'u32' | 'i32' | 'bf16';

/**
 * A head as bytes: gzip over a line that says what it is, a line of JSON, and the numbers, little-endian. The same
 * head gives the same bytes.
 * @param coarse names of arrays of which 3 digits are kept
 */
export function encodeHead(blob: StoredNumbers, coarse: readonly string[] = []): Buffer {
  const parts: Buffer[] = [];
  const layout = Object.entries(blob.arrays).map(([name, values]) => {
    const encoding = coarse.includes(name) ? 'bf16' : encodingOf(values);
    parts.push(bytesOf(values, encoding));
    return { name, encoding, length: values.length };
  });
  const header = JSON.stringify({ kind: blob.kind, settings: blob.settings, arrays: layout });
  return gzipSync(Buffer.concat([Buffer.from(`${magic}${header}\n`), ...parts]), { level: 9 });
}

/** @throws Error when these are not the bytes of a head */
export function decodeHead(bytes: Buffer): StoredNumbers {
  const data = gunzipSync(bytes);
  if (data.toString('latin1', 0, magic.length) !== magic) throw new Error('it is not a head file of this version');
  const end = data.indexOf(10, magic.length);
  const header = JSON.parse(data.toString('utf8', magic.length, end)) as {
    kind: string;
    settings: Record<string, unknown>;
    arrays: { name: string; encoding: Encoding; length: number }[];
  };
  let at = end + 1;
  const arrays: Record<string, StoredArray> = {};
  for (const { name, encoding, length } of header.arrays) {
    const size = length * { f32: 4, f64: 8, u32: 4, i32: 4, bf16: 2 }[encoding];
    if (at + size > data.length) throw new Error('it is cut off');
    arrays[name] = arrayOf(data.subarray(at, at + size), encoding, length);
    at += size;
  }
  return { kind: header.kind, settings: header.settings, arrays };
}

export function digestOfBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function encodingOf(values: StoredArray): Encoding {
  if (values instanceof Float32Array) return 'f32';
  if (values instanceof Float64Array) return 'f64';
  return values instanceof Uint32Array ? 'u32' : 'i32';
}

function bytesOf(values: StoredArray, encoding: Encoding): Buffer {
  if (encoding !== 'bf16') return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  // Rounded to the nearest, not cut.
  const halves = Uint16Array.from(bits, (value) => Math.min(0xffff_ffff, value + 0x8000) >>> 16);
  return Buffer.from(halves.buffer);
}

function arrayOf(bytes: Buffer, encoding: Encoding, length: number): StoredArray {
  // A copy of its own, so that it is aligned.
  const { buffer } = Uint8Array.from(bytes);
  switch (encoding) {
    case 'f32':
      return new Float32Array(buffer, 0, length);
    case 'f64':
      return new Float64Array(buffer, 0, length);
    case 'u32':
      return new Uint32Array(buffer, 0, length);
    case 'i32':
      return new Int32Array(buffer, 0, length);
    case 'bf16': {
      const bits = Uint32Array.from(new Uint16Array(buffer, 0, length), (value) => (value << 16) >>> 0);
      return new Float32Array(bits.buffer);
    }
  }
}
