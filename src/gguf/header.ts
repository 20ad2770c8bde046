import { closeSync, fstatSync, openSync } from 'node:fs';
import { BrokenHeader, type Cursor, openCursor } from './cursor.js';
import { tensorBytes } from './tensor-types.js';
import {
  type GgufArray,
  type GgufEntry,
  type GgufHeader,
  type GgufScalar,
  type GgufTensor,
  valueTypes,
} from './types.js';

/*
 * Why not a library: @huggingface/gguf 0.4.6 reads the file into a zero-filled growing buffer, so a header that
 * is cut off parses as valid zeros (tried: 24 bytes of a model gave 272 nameless tensors), and it takes 670 ms
 * for Gemma's 262,144 tokens (this reader: 9 ms warm, 28 ms cold). node-llama-cpp's reader may be imported in engines/llama/ only
 * and does not check sizes either. Here every length is checked against the file before anything is read.
 */

const maxKeyBytes = 65_535;
const maxStringBytes = 16 << 20;
const maxDimensions = 4;
/** Arrays up to this length are read without being asked for. */
const shortArray = 1024;

/**
 * Reads the header of a GGUF file (version 2 or 3, little-endian). Long arrays (the vocabulary) are skipped unless
 * their keys are in `options.arrays`. Memory is bounded by what is kept. Throws BrokenHeader when the file is not
 * a GGUF file or its header is cut off or impossible; a header that is fine says nothing about the tensor data.
 */
export function readGgufHeader(path: string, options: { arrays?: readonly string[] } = {}): GgufHeader {
  const file = openSync(path, 'r');
  try {
    const fileBytes = fstatSync(file).size;
    return readHeader(path, openCursor(file, fileBytes), fileBytes, new Set(options.arrays));
  } finally {
    closeSync(file);
  }
}

function readHeader(path: string, cursor: Cursor, fileBytes: number, wanted: ReadonlySet<string>): GgufHeader {
  if (cursor.bytes(4).toString('latin1') !== 'GGUF') throw new BrokenHeader('it does not begin with "GGUF"');
  const version = cursor.u32();
  if (version > 0xffff) throw new BrokenHeader('it is a big-endian GGUF file');
  if (version !== 2 && version !== 3) throw new BrokenHeader(`its GGUF version is ${version}; 2 and 3 are known`);
  const tensorCount = cursor.size('the number of tensors');
  const entryCount = cursor.size('the number of metadata entries');
  // The smallest tensor takes 32 bytes of header, the smallest entry 13.
  if (tensorCount * 32 + entryCount * 13 > fileBytes) {
    throw new BrokenHeader(`${tensorCount} tensors and ${entryCount} metadata entries do not fit into the file`);
  }

  const metadata = new Map<string, GgufEntry>();
  for (let i = 0; i < entryCount; i++) {
    const entry = readEntry(cursor, wanted, fileBytes);
    metadata.set(entry.key, entry);
  }
  const tensors: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) tensors.push(readTensor(cursor));

  const alignment = metadata.get('general.alignment')?.value ?? 32;
  if (typeof alignment !== 'number' || !Number.isInteger(alignment) || alignment < 1 || alignment > 1 << 20) {
    throw new BrokenHeader(`general.alignment is ${String(alignment)}`);
  }
  const dataStart = Math.ceil(cursor.position() / alignment) * alignment;
  return { path, version, metadata, tensors, alignment, dataStart, fileBytes };
}

function readEntry(cursor: Cursor, wanted: ReadonlySet<string>, fileBytes: number): GgufEntry {
  const key = cursor.string('a metadata key', maxKeyBytes);
  const type = cursor.u32();
  const start = cursor.position();
  const value = type === 9 ? readArray(cursor, key, wanted.has(key), fileBytes) : readScalar(cursor, type, key);
  return { key, type, value, start, end: cursor.position() };
}

function readArray(cursor: Cursor, key: string, wanted: boolean, fileBytes: number): GgufArray {
  const elementType = cursor.u32();
  const length = cursor.size(`the length of ${key}`);
  const elementBytes = valueTypes[elementType]?.bytes;
  if (elementBytes === undefined) throw new BrokenHeader(`${key} has elements of unknown type ${elementType}`);
  // llama.cpp neither writes nor reads arrays of arrays.
  if (elementType === 9) throw new BrokenHeader(`${key} is an array of arrays`);
  if (length * (elementBytes || 8) > fileBytes - cursor.position()) {
    throw new BrokenHeader(`${key} says that it has ${length} elements; the file is too short for them`, true);
  }
  if (wanted || length <= shortArray) {
    const values: GgufScalar[] = [];
    for (let i = 0; i < length; i++) values.push(readScalar(cursor, elementType, key));
    return { elementType, length, values };
  }
  if (elementBytes > 0) cursor.skip(length * elementBytes);
  else cursor.skipStrings(length);
  return { elementType, length, values: null };
}

function readScalar(cursor: Cursor, type: number, key: string): GgufScalar {
  if (type === 8) return cursor.string(key, maxStringBytes);
  const size = valueTypes[type]?.bytes;
  if (size === undefined || size === 0) throw new BrokenHeader(`${key} has the unknown type ${type}`);
  const bytes = cursor.bytes(size);
  switch (type) {
    case 0:
      return bytes.readUInt8();
    case 1:
      return bytes.readInt8();
    case 2:
      return bytes.readUInt16LE();
    case 3:
      return bytes.readInt16LE();
    case 4:
      return bytes.readUInt32LE();
    case 5:
      return bytes.readInt32LE();
    case 6:
      return bytes.readFloatLE();
    case 7:
      return bytes.readUInt8() !== 0;
    case 10:
      return safeInteger(bytes.readBigUInt64LE());
    case 11:
      return safeInteger(bytes.readBigInt64LE());
    default:
      return bytes.readDoubleLE();
  }
}

function safeInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function readTensor(cursor: Cursor): GgufTensor {
  const name = cursor.string('a tensor name', maxKeyBytes);
  const dimensions = cursor.u32();
  if (dimensions > maxDimensions) throw new BrokenHeader(`tensor "${name}" has ${dimensions} dimensions`);
  const shape: number[] = [];
  for (let i = 0; i < dimensions; i++) shape.push(cursor.size(`a dimension of "${name}"`));
  const type = cursor.u32();
  const offset = cursor.size(`the offset of "${name}"`);
  return { name, shape, type, offset, bytes: tensorBytes(type, shape) };
}
