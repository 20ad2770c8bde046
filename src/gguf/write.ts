import { type FileHandle, open } from 'node:fs/promises';

/** A metadata value to be written: what follows the key. */
export interface NewEntry {
  readonly key: string;
  /** A key of `valueTypes`. */
  readonly type: number;
  readonly value: Buffer;
}

export interface NewTensor {
  readonly name: string;
  /** Fastest-changing dimension first. */
  readonly shape: readonly number[];
  /** A key of `tensorTypes`. */
  readonly type: number;
  readonly bytes: number;
  /** The data in pieces, which may reuse one buffer; `bytes` in all. */
  data(): AsyncIterable<Uint8Array>;
}

export interface NewFile {
  readonly entries: readonly NewEntry[];
  readonly tensors: readonly NewTensor[];
  readonly alignment: number;
}

/**
 * Writes a GGUF file (version 3) piece by piece and flushes it to the disk. When it throws, what is there of the
 * file is no good.
 */
export async function writeGguf(path: string, file: NewFile, signal?: AbortSignal): Promise<void> {
  const handle = await open(path, 'w');
  try {
    const header = headerOf(file);
    await write(handle, header);
    let at = header.length;
    for (const tensor of file.tensors) {
      const end = at + tensor.bytes;
      for await (const chunk of tensor.data()) {
        signal?.throwIfAborted();
        await write(handle, chunk);
        at += chunk.length;
      }
      if (at !== end) throw new Error(`"${tensor.name}" has ${at - end + tensor.bytes} bytes, not ${tensor.bytes}`);
      const padding = padded(at, file.alignment) - at;
      await write(handle, Buffer.alloc(padding));
      at += padding;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** With the padding that the tensor data start after. */
function headerOf({ entries, tensors, alignment }: NewFile): Buffer {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(entries.length)];
  for (const { key, type, value } of entries) parts.push(text(key), u32(type), value);
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset));
    offset += padded(bytes, alignment);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header], padded(header.length, alignment));
}

function padded(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

async function write(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}

/** A string as GGUF has it, with its length before it. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

export function u64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}
