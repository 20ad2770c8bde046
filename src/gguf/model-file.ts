import { statSync } from 'node:fs';
import { modelError } from '../errors.js';

export interface ModelFile {
  /**
   * To be called after a result was computed and before it is kept.
   * @throws SlmError of kind `model` when the file's content was changed since
   */
  check(): void;
}

/** Tells a file from another one in its place, and from itself with other content. */
export interface FileStamp {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Null when there is no such file. */
export function stampOf(path: string): FileStamp | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const { dev, ino, size, mtimeMs } = stats;
  return { dev, ino, size, mtimeMs };
}

/**
 * Watches over a model file that is mapped into memory. A new file in its place (renamed, as installing does) leaves
 * the mapped one as it was; writing into it changes the weights under way.
 * @param before what it was when it was mapped
 */
export function watchModelFile(path: string, before: FileStamp | null = stampOf(path)): ModelFile {
  return {
    check() {
      const now = stampOf(path);
      if (before === null || now === null || now.ino !== before.ino || now.dev !== before.dev) return;
      if (now.mtimeMs === before.mtimeMs && now.size === before.size) return;
      throw modelError(
        `the model ${path} was written to while it was in use; results from now on could be wrong.`,
        'To replace a model, write the new file beside it and rename it. To go on with another model, start over with --restart.',
      );
    },
  };
}
