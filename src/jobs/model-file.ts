import { statSync } from 'node:fs';
import { modelError } from '../errors.js';

export interface ModelFile {
  /**
   * To be called after a result was computed and before it is kept.
   * @throws SlmError of kind `model` when the file's content was changed since
   */
  check(): void;
}

/**
 * Watches over a model file that is mapped into memory. A new file in its place (renamed, as installing does) leaves
 * the mapped one as it was; writing into it changes the weights under way.
 */
export function watchModelFile(path: string): ModelFile {
  const before = statSync(path, { throwIfNoEntry: false });
  return {
    check() {
      const now = statSync(path, { throwIfNoEntry: false });
      if (before === undefined || now === undefined || now.ino !== before.ino || now.dev !== before.dev) return;
      if (now.mtimeMs === before.mtimeMs && now.size === before.size) return;
      throw modelError(
        `the model ${path} was written to while it was in use; results from now on could be wrong.`,
        'Put a new model beside it and rename it, or wait for the job. Start over with --restart when the model is to be another.',
      );
    },
  };
}
