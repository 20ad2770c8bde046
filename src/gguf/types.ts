/** The contents of a GGUF header. Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */

/** A single metadata value; `bigint` only for 64-bit integers beyond 2^53. */
export type GgufScalar = number | bigint | boolean | string;

export interface GgufArray {
  /** A key of `valueTypes`. */
  readonly elementType: number;
  readonly length: number;
  /** Null for arrays that were skipped: long ones that the caller did not ask for. */
  readonly values: readonly GgufScalar[] | null;
}

export interface GgufEntry {
  readonly key: string;
  /** A key of `valueTypes`. */
  readonly type: number;
  readonly value: GgufScalar | GgufArray;
  /** The value's bytes in the file, `[start, end)`, after the key and the type, so that a writer can copy them. */
  readonly start: number;
  readonly end: number;
}

export interface GgufTensor {
  readonly name: string;
  /** Fastest-changing dimension first, as in the file. */
  readonly shape: readonly number[];
  /** A key of `tensorTypes`, or a newer one. */
  readonly type: number;
  /** Bytes from the start of the tensor data (`dataStart`). */
  readonly offset: number;
  /** Null when `type` is newer than our table. */
  readonly bytes: number | null;
}

export interface GgufHeader {
  readonly path: string;
  readonly version: number;
  /** In file order. */
  readonly metadata: ReadonlyMap<string, GgufEntry>;
  /** In file order. */
  readonly tensors: readonly GgufTensor[];
  /** Tensor data starts at multiples of this, bytes. */
  readonly alignment: number;
  /** Offset of the tensor data in the file, bytes. */
  readonly dataStart: number;
  readonly fileBytes: number;
}

/** Metadata value types: id → name and size in bytes (0 for strings and arrays). */
export const valueTypes: Readonly<Record<number, { name: string; bytes: number }>> = {
  0: { name: 'uint8', bytes: 1 },
  1: { name: 'int8', bytes: 1 },
  2: { name: 'uint16', bytes: 2 },
  3: { name: 'int16', bytes: 2 },
  4: { name: 'uint32', bytes: 4 },
  5: { name: 'int32', bytes: 4 },
  6: { name: 'float32', bytes: 4 },
  7: { name: 'bool', bytes: 1 },
  8: { name: 'string', bytes: 0 },
  9: { name: 'array', bytes: 0 },
  10: { name: 'uint64', bytes: 8 },
  11: { name: 'int64', bytes: 8 },
  12: { name: 'float64', bytes: 8 },
};
