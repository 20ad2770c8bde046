import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readStateValues as read, type StateSource } from '../../src/engines/llama/patches/state-values.js';
import { toHalf } from '../../src/gguf/encode.js';
import type { ValuePlace } from '../../src/gguf/value-blocks.js';

const sourceOf = (state: Buffer): StateSource => ({
  size: state.length,
  read: (at, length) => state.subarray(at, at + length),
});
const readStateValues = (state: Buffer, places: readonly ValuePlace[]) => read(sourceOf(state), places);

interface Cache {
  /** Positions, in the order of the cells. */
  readonly positions: readonly number[];
  /** For each block, for each cell, its values. */
  readonly values: readonly (readonly (readonly number[])[])[];
  readonly transposed: boolean;
  readonly type: 'f32' | 'f16';
  readonly streams?: number;
}

const u32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};
const u64 = (value: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
};
const numberIn = (type: Cache['type'], value: number) => {
  const buffer = Buffer.alloc(type === 'f32' ? 4 : 2);
  if (type === 'f32') buffer.writeFloatLE(value);
  else buffer.writeUInt16LE(toHalf(value));
  return buffer;
};

/** One cache, as `llama_kv_cache::state_write` of llama.cpp has it; written here by its source. */
function cacheBytes({ positions, values, transposed, type, streams = 1 }: Cache): Buffer {
  const kind = u32(type === 'f32' ? 0 : 1);
  const bytes = type === 'f32' ? 4 : 2;
  const width = values[0]?.[0]?.length ?? 0;
  const keys = values.flatMap(() => [u32(1), u64(6), Buffer.alloc(6 * positions.length, 0xaa)]);
  const data = values.flatMap((cells) => {
    if (!transposed) return [kind, u64(width * bytes), ...cells.flat().map((value) => numberIn(type, value))];
    const columns = Array.from({ length: width }, (_, i) => cells.map((cell) => numberIn(type, cell[i] as number)));
    return [kind, u32(bytes), u32(width), ...columns.flat()];
  });
  return Buffer.concat([
    u32(streams),
    u32(positions.length),
    // Each cell: its position, and the sequences that it belongs to, of which a saved sequence names none.
    ...positions.flatMap((position, i) => [u32(position), u32(i % 2), ...(i % 2 === 1 ? [u32(9)] : [])]),
    u32(transposed ? 1 : 0),
    u32(values.length),
    ...keys,
    ...data,
  ]);
}

function stateOf(caches: readonly Cache[], tokens = [5, 6, 7], magic = 0x67677371, version = 3): Buffer {
  return Buffer.concat([u32(magic), u32(version), u32(tokens.length), ...tokens.map(u32), ...caches.map(cacheBytes)]);
}

/** Two blocks, three cells in another order than their positions, two values each. */
const cells = [
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  [
    [10, -20],
    [30, 0.5],
    [50, -60],
  ],
];
const plain: Cache = { positions: [2, 0, 1], values: cells, transposed: false, type: 'f32' };
const second = (count: number): ValuePlace => ({ cache: 'last', layer: 1, count });

describe('values of blocks in a sequence state', () => {
  for (const transposed of [false, true]) {
    for (const type of ['f32', 'f16'] as const) {
      it(`are found by position: ${transposed ? 'a row for each value' : 'a row for each cell'}, ${type}`, () => {
        const values = readStateValues(stateOf([{ ...plain, transposed, type }]), [second(2)]);
        assert.deepEqual(
          [0, 1, 2].map((position) => [...values.at(position)]),
          [
            [30, 0.5],
            [50, -60],
            [10, -20],
          ],
        );
      });
    }
  }

  it('are as many as are asked for, from the first on', () => {
    for (const transposed of [false, true]) {
      const values = readStateValues(stateOf([{ ...plain, transposed }]), [second(1)]);
      assert.deepEqual([...values.at(1)], [50]);
    }
  });

  it('are in the first or the last of two caches', () => {
    const other = { ...plain, positions: [2], values: [[[7, 8]]], transposed: true, type: 'f16' as const };
    const state = stateOf([plain, other]);
    assert.deepEqual([...readStateValues(state, [{ ...second(2), cache: 'first' }]).at(2)], [10, -20]);
    assert.deepEqual([...readStateValues(state, [{ ...second(2), layer: 0 }]).at(2)], [7, 8]);
    assert.deepEqual([...readStateValues(stateOf([plain]), [{ ...second(2), cache: 'first' }]).at(2)], [10, -20]);
  });

  it('are found where the other cache has no block at all', () => {
    const empty = { ...plain, positions: [0, 1, 2], values: [] };
    assert.deepEqual([...readStateValues(stateOf([empty, plain]), [second(2)]).at(2)], [10, -20]);
    assert.throws(() => readStateValues(stateOf([empty, plain]), [{ ...second(2), cache: 'first' }]), /another form/u);
  });

  it('are missing where the window has moved on', () => {
    const values = readStateValues(stateOf([{ ...plain, positions: [7, 8, 9] }]), [second(2)]);
    assert.throws(() => values.at(6), /no value at position 6: it is outside of the window/u);
    assert.deepEqual([...values.at(9)], [50, -60]);
  });

  it('are an error where the state is of another kind', () => {
    const bad =
      (state: Buffer, count = 2, layer = 1) =>
      () =>
        readStateValues(state, [{ cache: 'last', layer, count }]);
    assert.throws(bad(stateOf([plain], [5], 0x67677371, 4)), /not a sequence state of this llama\.cpp/u);
    assert.throws(bad(stateOf([plain], [5], 0x67676d6c)), /not a sequence state/u);
    assert.throws(bad(stateOf([{ ...plain, streams: 2 }])), /several streams/u);
    assert.throws(bad(stateOf([{ ...plain, values: [] }])), /another form/u);
    assert.throws(bad(stateOf([plain]), 3), /a block without 3 values/u);
    assert.throws(bad(stateOf([{ ...plain, transposed: true }]), 3), /a block without 3 values/u);
    const state = stateOf([{ ...plain, transposed: true, values: [[[1], [2], [3]]] }]);
    // The type of the only block's values is 12 bytes and 3 numbers before the end.
    state.writeUInt32LE(8, state.length - 3 * 4 - 12);
    assert.throws(bad(state, 1, 0), /a cache of the tensor type 8/u);
  });

  it('are an error wherever the state is cut off', () => {
    for (const transposed of [false, true]) {
      const state = stateOf([{ ...plain, transposed }]);
      for (let length = 0; length < state.length; length++) {
        assert.throws(
          () => readStateValues(state.subarray(0, length), [second(2)]),
          `${length} of ${state.length} bytes`,
        );
      }
    }
  });

  it('come out as they went in, whatever the shape', () => {
    const shape = fc.record({
      blocks: fc.integer({ min: 1, max: 3 }),
      positions: fc.uniqueArray(fc.nat(500), { minLength: 1, maxLength: 5 }),
      width: fc.integer({ min: 1, max: 4 }),
      transposed: fc.boolean(),
      type: fc.constantFrom('f32' as const, 'f16' as const),
      seed: fc.nat(99),
    });
    fc.assert(
      fc.property(shape, ({ blocks, positions, width, transposed, type, seed }) => {
        const value = (block: number, cell: number, i: number) => block * 100 + cell * 10 + i - seed;
        const values = Array.from({ length: blocks }, (_, block) =>
          positions.map((_, cell) => Array.from({ length: width }, (_, i) => value(block, cell, i))),
        );
        const state = stateOf([{ positions, values, transposed, type }]);
        const found = readStateValues(
          state,
          values.map((_, layer) => ({ cache: 'last', layer, count: width })),
        );
        positions.forEach((position, cell) => {
          assert.deepEqual(
            [...found.at(position)],
            values.flatMap((block) => block[cell] as number[]),
          );
        });
      }),
    );
  });
});

/** A number of half precision, as it is read out of a state. */
function fromHalf(bits: number): number {
  const state = stateOf([{ positions: [0], values: [[[0]]], transposed: false, type: 'f16' }]);
  state.writeUInt16LE(bits, state.length - 2);
  return readStateValues(state, [{ cache: 'last', layer: 0, count: 1 }]).at(0)[0] as number;
}

it('half precision: examples of IEEE 754, and back from every finite number', () => {
  const examples: [number, number][] = [
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
  ];
  for (const [bits, value] of examples) assert.equal(fromHalf(bits), value);
  assert.ok(Number.isNaN(fromHalf(0x7e00)) && Object.is(fromHalf(0x8000), -0));
  for (let bits = 0; bits < 0x7c00; bits++) assert.equal(toHalf(fromHalf(bits)), bits);
});
