import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

type Value =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly Buffer[]
  | { f32: number[] }
  | { float: number }
  | { i32: number[] };

export interface TinyTensor {
  readonly name: string;
  /** Fastest-changing dimension first. */
  readonly shape: readonly number[];
  /** Of ggml: 0 is F32, 1 F16, 8 Q8_0. */
  readonly type: number;
  readonly data: Buffer;
}

/** A tensor of a file that must have it. */
export function tensorNamed({ tensors }: { tensors: readonly TinyTensor[] }, name: string): TinyTensor {
  const found = tensors.find((each) => each.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

/**
 * A well-formed GGUF file (version 3): the metadata, and one F32 tensor of `weights` values that are derived from
 * `seed`. Written here by the specification, independently of src/gguf.
 */
export function tinyGguf(options: { metadata?: Record<string, Value>; weights?: number; seed?: number } = {}): Buffer {
  const { metadata = { 'general.architecture': 'llama' }, weights = 64, seed = 1 } = options;
  const data = Buffer.alloc(weights * 4);
  for (let i = 0; i < weights; i++) data.writeFloatLE(Math.sin(i * seed), i * 4);
  return ggufFile(metadata, [{ name: 'blk.0.weight', shape: [weights], type: 0, data }]);
}

/** A GGUF file of these metadata and tensors. Numbers are unsigned 32-bit integers. */
export function ggufFile(metadata: Readonly<Record<string, Value>>, tensors: readonly TinyTensor[]): Buffer {
  const entries = Object.entries(metadata);
  let offset = 0;
  const infos: Buffer[] = [];
  const contents: Buffer[] = [];
  for (const { name, shape, type, data } of tensors) {
    infos.push(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset));
    contents.push(data, Buffer.alloc(padding(data.length)));
    offset += data.length + padding(data.length);
  }
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(entries.length),
    ...entries.flatMap(([key, value]) => [text(key), ...encode(value)]),
    ...infos,
  ]);
  return Buffer.concat([header, Buffer.alloc(padding(header.length)), ...contents]);
}

function padding(bytes: number): number {
  return (32 - (bytes % 32)) % 32;
}

/** What a GGUF file holds, read here by the specification. Strings of arrays are latin1: each byte a character. */
export function parseGguf(file: Buffer): { metadata: Record<string, unknown>; tensors: TinyTensor[] } {
  let at = 0;
  const take = (length: number) => {
    at += length;
    return file.subarray(at - length, at);
  };
  const u32 = () => take(4).readUInt32LE();
  const u64 = () => Number(take(8).readBigUInt64LE());
  const bytes = () => take(u64());
  const value = (type: number, inArray = false): unknown => {
    if (type === 4) return u32();
    if (type === 5) return take(4).readInt32LE();
    if (type === 6) return take(4).readFloatLE();
    if (type === 7) return take(1).readUInt8() === 1;
    if (type === 8) return bytes().toString(inArray ? 'latin1' : 'utf8');
    if (type !== 9) throw new Error(`value of type ${type}`);
    const elementType = u32();
    return Array.from({ length: u64() }, () => value(elementType, true));
  };
  at = 8;
  const tensorCount = u64();
  const entryCount = u64();
  const metadata: Record<string, unknown> = {};
  for (let i = 0; i < entryCount; i++) {
    const key = bytes().toString();
    metadata[key] = value(u32());
  }
  const infos = Array.from({ length: tensorCount }, () => ({
    name: bytes().toString(),
    shape: Array.from({ length: u32() }, u64),
    type: u32(),
    offset: u64(),
  }));
  const start = at + padding(at);
  const sizes: Readonly<Record<number, number>> = { 0: 4, 1: 2, 8: 34 / 32 };
  const tensors = infos.map(({ name, shape, type, offset }) => {
    const length = shape.reduce((product, n) => product * n, 1) * (sizes[type] as number);
    const data = file.subarray(start + offset, start + offset + length);
    if (data.length !== length || offset % 32 !== 0) throw new Error(`"${name}" is not all there`);
    return { name, shape, type, data };
  });
  return { metadata, tensors };
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function encode(value: Value): Buffer[] {
  if (typeof value === 'string') return [u32(8), text(value)];
  if (typeof value === 'number') return [u32(4), u32(value)];
  if (typeof value === 'boolean') return [u32(7), Buffer.from([value ? 1 : 0])];
  if ('float' in value) return [u32(6), Buffer.from(Float32Array.of(value.float).buffer)];
  if ('f32' in value) return [u32(9), u32(6), u64(value.f32.length), Buffer.from(Float32Array.from(value.f32).buffer)];
  if ('i32' in value) return [u32(9), u32(5), u64(value.i32.length), Buffer.from(Int32Array.from(value.i32).buffer)];
  return [u32(9), u32(8), u64(value.length), ...value.map(text)];
}

function text(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function u64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}
