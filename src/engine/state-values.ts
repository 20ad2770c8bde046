import type { ValuePlace } from '../gguf/value-blocks.js';

/**
 * Values of some blocks at every token, out of a sequence state as llama.cpp writes it (llama_state_seq_save_file,
 * version 3): `llama_kv_cache::state_write` in src/llama-kv-cache.cpp. node-llama-cpp is pinned to one version, and
 * whatever does not add up here is an error, not a number.
 */
export interface StateValues {
  /** By position in the sequence; the values of the places one after another. */
  at(position: number): Float64Array;
}

/** `ggsq`. */
const magic = 0x67677371;
const version = 3;
const f32 = 0;
const f16 = 1;

/** @param places blocks whose values are wanted, and how many of each */
export function readStateValues(state: Buffer, places: readonly ValuePlace[]): StateValues {
  const view = reader(state);
  if (view.u32() !== magic || view.u32() !== version) throw new Error('not a sequence state of this llama.cpp');
  view.skip(view.u32() * 4);
  // Of two caches the second one begins where the first has ended.
  const caches = [readCache(view)];
  while (view.left() > 0) caches.push(readCache(view));
  const read = places.map(({ cache, layer, count }) => {
    const { cellOf, blocks } = caches.at(cache === 'first' ? 0 : -1) as CacheView;
    const block = blocks[layer];
    if (block === undefined) throw new Error('a sequence state of another form');
    if (block.width < count) throw new Error(`a block without ${count} values`);
    return { cellOf, block, count };
  });
  const total = places.reduce((sum, { count }) => sum + count, 0);
  return {
    at(position) {
      const values = new Float64Array(total);
      let next = 0;
      for (const { cellOf, block, count } of read) {
        const cell = cellOf.get(position);
        if (cell === undefined) throw new Error(`no value at position ${position}: it is outside of the window`);
        for (let i = 0; i < count; i++) values[next++] = block.value(cell, i);
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
  value(cell: number, index: number): number;
}

interface View {
  u32(): number;
  u64(): number;
  skip(bytes: number): void;
  take(bytes: number): Buffer;
  left(): number;
}

function reader(state: Buffer): View {
  let at = 0;
  const take = (bytes: number): Buffer => {
    if (bytes < 0 || at + bytes > state.length) throw new Error('a sequence state that is cut off');
    at += bytes;
    return state.subarray(at - bytes, at);
  };
  return {
    u32: () => take(4).readUInt32LE(),
    u64: () => Number(take(8).readBigUInt64LE()),
    skip: (bytes) => void take(bytes),
    take,
    left: () => state.length - at,
  };
}

/** A cache may have no block: a model of few blocks may have nothing but sliding windows. */
function readCache(view: View): CacheView {
  if (view.u32() !== 1) throw new Error('a sequence state of several streams');
  const cells = view.u32();
  const cellOf = new Map<number, number>();
  for (let cell = 0; cell < cells; cell++) {
    cellOf.set(view.u32(), cell);
    view.skip(view.u32() * 4);
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
  const data = view.take(rowBytes * cells);
  return {
    width: Math.floor(rowBytes / read.bytes),
    value: (cell, index) => read.number(data, cell * rowBytes + index * read.bytes),
  };
}

/** A row of cells for each value. */
function readColumns(view: View, cells: number): BlockView {
  const read = numberOf(view.u32());
  const bytes = view.u32();
  const width = view.u32();
  if (bytes !== read.bytes) throw new Error('a sequence state of another form');
  const data = view.take(bytes * cells * width);
  return { width, value: (cell, index) => read.number(data, (index * cells + cell) * bytes) };
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
