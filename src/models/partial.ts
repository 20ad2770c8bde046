import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { hashInto } from './digest.js';
import { readJson, writeJson } from './json-file.js';

/** A source's notes beside a partial file, for resuming it. */
export type Bookmark = z.infer<typeof bookmarkSchema>;

const bookmarkSchema = z.object({
  /** Label of the source: bytes of one source are not continued with those of another. */
  source: z.string(),
  /** Validator of the HTTP resource (ETag or Last-Modified). */
  validator: z.string().optional(),
  /** Parts that are complete, and the size of the file after them. */
  parts: z.number().int().nonnegative().optional(),
  partBytes: z.number().int().nonnegative().optional(),
});

/** `<model>.partial`, hashed while it is written. A handle: `close` it. */
export interface PartialFile {
  readonly path: string;
  /** Size so far. */
  bytes(): number;
  /** The bytes that an earlier attempt, perhaps of another process, left of this source; null when there are none. */
  leftover(source: string): Promise<{ bytes: number; bookmark: Bookmark } | null>;
  /** Starts from nothing. */
  restart(): Promise<void>;
  /** Continues after the first `bytes` of what is there, which are hashed now unless they were already. */
  resume(bytes: number): Promise<void>;
  write(chunk: Uint8Array): Promise<void>;
  /** Notes what is needed to resume. */
  bookmark(bookmark: Bookmark): Promise<void>;
  /** True when the file has bytes of an earlier attempt. */
  resumed(): boolean;
  /** Flushes to the disk and returns what was written. */
  finish(): Promise<{ bytes: number; sha256: string }>;
  close(): Promise<void>;
  /** Removes it with its bookmark. */
  discard(): Promise<void>;
}

export function openPartial(path: string, signal: AbortSignal): PartialFile {
  const bookmarkPath = `${path}.json`;
  let file: FileHandle | null = null;
  let hash: Hash = createHash('sha256');
  let size = 0;
  let continued = false;

  async function close(): Promise<void> {
    await file?.close();
    file = null;
  }

  async function restart(): Promise<void> {
    await close();
    file = await open(path, 'w');
    hash = createHash('sha256');
    size = 0;
    continued = false;
  }

  return {
    path,
    bytes: () => size,
    resumed: () => continued,
    leftover: async (source) => {
      const bookmark = await readJson(bookmarkPath, bookmarkSchema);
      if (bookmark === null || bookmark.source !== source) return null;
      const bytes = await stat(path).then(
        (stats) => stats.size,
        () => 0,
      );
      return bytes === 0 ? null : { bytes, bookmark };
    },
    restart,
    resume: async (bytes) => {
      if (bytes === 0) return restart();
      if (file !== null && bytes === size) return;
      await close();
      hash = createHash('sha256');
      size = await hashInto(hash, path, bytes, signal);
      if (size !== bytes) throw new Error(`${path} has ${size} bytes, ${bytes} were expected`);
      file = await open(path, 'r+');
      await file.truncate(bytes);
      continued = true;
    },
    write: async (chunk) => {
      if (file === null) throw new Error('write before restart or resume');
      let done = 0;
      while (done < chunk.length) {
        done += (await file.write(chunk, done, chunk.length - done, size + done)).bytesWritten;
      }
      hash.update(chunk);
      size += chunk.length;
    },
    bookmark: (bookmark) => writeJson(bookmarkPath, bookmark),
    finish: async () => {
      await file?.sync();
      return { bytes: size, sha256: hash.copy().digest('hex') };
    },
    close,
    discard: async () => {
      await close();
      await rm(path, { force: true });
      await rm(bookmarkPath, { force: true });
    },
  };
}
