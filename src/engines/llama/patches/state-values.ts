import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ValuePlace } from '../../../gguf/value-blocks.js';

/**
 * Values of some blocks at every token, out of a sequence state as llama.cpp writes it (llama_state_seq_save_file,
 * version 3): `llama_kv_cache::state_write` in src/llama-kv-cache.cpp. node-llama-cpp is pinned to one version, and
 * whatever does not add up here is an error, not a number.
 */
export interface StateValues {
  /** Values by position in the sequence; the values of the places one after another. */
  at(position: number): Float64Array;
}

/** `ggsq`. */
const magic = 0x67677371;
const version = 3;
const f32 = 0;
const f16 = 1;
/** Column, row and token. */
const pictureBytes = 12;

/** Where a state is read from, a stretch at a time: most of it is keys and values that nobody asks for. */
export interface StateSource {
  /** Bytes in all. */
  readonly size: number;
  read(at: number, length: number): Buffer;
}

/**
 * Values out of a state in a file. Read at once, not in turns with other work: it is some dozen stretches of a file
 * that was just written.
 */
export function readStateFile(file: string, places: readonly ValuePlace[]): StateValues {
  const descriptor = openSync(file, 'r');
  try {
    return readStateValues(
      {
        size: fstatSync(descriptor).size,
        read(at, length) {
          const buffer = Buffer.allocUnsafe(length);
          return buffer.subarray(0, readSync(descriptor, buffer, 0, length, at));
        },
      },
      places,
    );
  } finally {
    closeSync(descriptor);
  }
}

/** @param places blocks whose values are wanted, and how many of each */
export function readStateValues(state: StateSource, places: readonly ValuePlace[]): StateValues {
  const view = reader(state);
  if (view.u32() !== magic || view.u32() !== version) throw new Error('not a sequence state of this llama.cpp');
  view.skip(view.u32() * 4);
  // Where there are two caches, the second begins where the first ends. What else may follow is not asked for.
  const cellBytes = places.some(({ pictured }) => pictured === true) ? pictureBytes : 0;
  const caches = [readCache(view, cellBytes)];
  const isFirstAll = places.every(({ cache }) => cache === 'first');
  while (!isFirstAll && view.left() > 0) caches.push(readCache(view, cellBytes));
  const read = places.map(({ cache, layer, count }) => {
    const { cellOf, blocks } = caches.at(cache === 'first' ? 0 : -1) as CacheView;
    const block = blocks[layer];
    if (block === undefined) throw new Error('a sequence state of another form');
    if (block.width < count) throw new Error(`a block without ${count} values`);
    return { cellOf, value: block.load(count), count };
  });
  const total = places.reduce((sum, { count }) => sum + count, 0);
  return {
    at(position) {
      const values = new Float64Array(total);
      let next = 0;
      for (const { cellOf, value, count } of read) {
        const cell = cellOf.get(position);
        if (cell === undefined) throw new Error(`no value at position ${position}: it is outside of the window`);
        for (let i = 0; i < count; i++) values[next++] = value(cell, i);
      }
      return values;
    },
  };
}

interface CacheView {
  /** Position in the sequence → cell. */
  readonly cellOf: ReadonlyMap<number, number>;
  readonly blocks: readonly BlockView[];
}

interface BlockView {
  /** Values of a cell. */
  readonly width: number;
  /** The first `count` of them, by cell and index. */
  load(count: number): (cell: number, index: number) => number;
}

interface View {
  u32(): number;
  u64(): number;
  /** Where it is now; what is passed over is not read. */
  skip(bytes: number): number;
  at(place: number, bytes: number): Buffer;
  left(): number;
}

/** Small fields stand near each other. */
const windowBytes = 4096;

function reader({ size, read }: StateSource): View {
  let next = 0;
  let window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };
  const at = (place: number, bytes: number): Buffer => {
    const from = place - window.start;
    if (from >= 0 && from + bytes <= window.bytes.length) return window.bytes.subarray(from, from + bytes);
    window = { start: place, bytes: read(place, Math.min(size - place, Math.max(bytes, windowBytes))) };
    if (window.bytes.length < bytes) throw new Error('a sequence state that is cut off');
    return window.bytes.subarray(0, bytes);
  };
  const skip = (bytes: number): number => {
    if (bytes < 0 || next + bytes > size) throw new Error('a sequence state that is cut off');
    next += bytes;
    return next - bytes;
  };
  return {
    u32: () => at(skip(4), 4).readUInt32LE(),
    u64: () => Number(at(skip(8), 8).readBigUInt64LE()),
    skip,
    at,
    left: () => size - next,
  };
}

/** A cache may have no block: a model of few blocks may have nothing but sliding windows. */
function readCache(view: View, cellBytes: number): CacheView {
  if (view.u32() !== 1) throw new Error('a sequence state of several streams');
  const cells = view.u32();
  const cellOf = new Map<number, number>();
  for (let cell = 0; cell < cells; cell++) {
    cellOf.set(view.u32(), cell);
    view.skip(view.u32() * 4 + cellBytes);
  }
  const transposed = view.u32();
  const layers = view.u32();
  if (transposed > 1 || layers > 4096) throw new Error('a sequence state of another form');
  for (let layer = 0; layer < layers; layer++) {
    view.skip(4);
    view.skip(view.u64() * cells);
  }
  const readBlock = transposed === 1 ? readColumns : readRows;
  return { cellOf, blocks: Array.from({ length: layers }, () => readBlock(view, cells)) };
}

/** A row of values for each cell. */
function readRows(view: View, cells: number): BlockView {
  const read = numberOf(view.u32());
  const rowBytes = view.u64();
  const start = view.skip(rowBytes * cells);
  return {
    width: Math.floor(rowBytes / read.bytes),
    load() {
      const data = view.at(start, rowBytes * cells);
      return (cell, index) => read.number(data, cell * rowBytes + index * read.bytes);
    },
  };
}

/** A row of cells for each value. */
function readColumns(view: View, cells: number): BlockView {
  const read = numberOf(view.u32());
  const bytes = view.u32();
  const width = view.u32();
  if (bytes !== read.bytes) throw new Error('a sequence state of another form');
  const start = view.skip(bytes * cells * width);
  return {
    width,
    load(count) {
      const data = view.at(start, bytes * cells * count);
      return (cell, index) => read.number(data, (index * cells + cell) * bytes);
    },
  };
}

function numberOf(type: number) {
  if (type === f32) return { bytes: 4, number: (data: Buffer, at: number) => data.readFloatLE(at) };
  if (type === f16) return { bytes: 2, number: (data: Buffer, at: number) => fromHalf(data.readUInt16LE(at)) };
  throw new Error(`a cache of the tensor type ${type}`);
}

/** IEEE 754 half precision. */
function fromHalf(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
