import { createHash } from 'node:crypto';

type Value = string | number | readonly string[];

/**
 * A well-formed GGUF file (version 3): the metadata, and one F32 tensor of `weights` values that are derived from
 * `seed`. Written here by the specification, independently of src/gguf.
 */
export function tinyGguf(options: { metadata?: Record<string, Value>; weights?: number; seed?: number } = {}): Buffer {
  const { metadata = { 'general.architecture': 'llama' }, weights = 64, seed = 1 } = options;
  const entries = Object.entries(metadata);
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(1),
    u64(entries.length),
    ...entries.flatMap(([key, value]) => [text(key), ...encode(value)]),
    text('blk.0.weight'),
    u32(1),
    u64(weights),
    u32(0),
    u64(0),
  ]);
  const padding = Buffer.alloc((32 - (header.length % 32)) % 32);
  const data = Buffer.alloc(weights * 4);
  for (let i = 0; i < weights; i++) data.writeFloatLE(Math.sin(i * seed), i * 4);
  return Buffer.concat([header, padding, data]);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function encode(value: Value): Buffer[] {
  if (typeof value === 'string') return [u32(8), text(value)];
  if (typeof value === 'number') return [u32(4), u32(value)];
  return [u32(9), u32(8), u64(value.length), ...value.map(text)];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
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
