import type { OutputType } from './recipe.js';

/** Writes a row of weights in a tensor type of ggml. */
export interface RowEncoder {
  /** A key of `tensorTypes`. */
  readonly type: number;
  /** Bytes of a row of `width` weights. */
  bytes(width: number): number;
  write(row: Float32Array, target: Buffer, at: number): void;
}

export const rowEncoders = {
  F32: {
    type: 0,
    bytes: (width) => width * 4,
    write: (row, target, at) => {
      for (const [i, x] of row.entries()) target.writeFloatLE(x, at + i * 4);
    },
  },
  F16: {
    type: 1,
    bytes: (width) => width * 2,
    write: (row, target, at) => {
      for (const [i, x] of row.entries()) target.writeUInt16LE(toHalf(x), at + i * 2);
    },
  },
  Q8_0: { type: 8, bytes: (width) => (width / blockWeights) * blockBytes, write: writeQ8 },
} satisfies Record<OutputType, RowEncoder>;

const blockWeights = 32;
const blockBytes = 34;

/** quantize_row_q8_0_ref in ggml-quants.c: a block is d = max|x| / 127 as half precision and 32 times round(x / d). */
function writeQ8(row: Float32Array, target: Buffer, at: number): void {
  for (let block = 0; block * blockWeights < row.length; block++) {
    const weights = row.subarray(block * blockWeights, (block + 1) * blockWeights);
    const largest = weights.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const d = Math.fround(largest / 127);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    const start = at + block * blockBytes;
    target.writeUInt16LE(toHalf(d), start);
    for (const [i, x] of weights.entries()) target.writeInt8(roundAway(Math.fround(x * inverse)), start + 2 + i);
  }
}

/** roundf of C: halves go away from zero. */
function roundAway(x: number): number {
  return Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
}

const scratch = new DataView(new ArrayBuffer(4));

/** IEEE 754 half precision, rounded to nearest, ties to even; too large becomes infinite. */
export function toHalf(x: number): number {
  scratch.setFloat32(0, x);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const shifted = exponent - 112;
  if (shifted >= 31) return sign | 0x7c00;
  // Below 2^-14 the number is subnormal: the leading 1 is written out and moves to the right.
  const dropped = shifted > 0 ? 13 : 14 - shifted;
  if (dropped > 24) return sign;
  const value = shifted > 0 ? (shifted << 23) | fraction : fraction | 0x800000;
  const half = value >>> dropped;
  const rest = value & ((1 << dropped) - 1);
  const middle = 1 << (dropped - 1);
  // A carry out of the fraction rightly raises the exponent.
  return sign | (half + (rest > middle || (rest === middle && (half & 1) === 1) ? 1 : 0));
}
