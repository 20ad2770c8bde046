import { createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, modelError } from '../../errors.js';
import type { ModelSource } from '../types.js';

/** `file:/absolute/path.gguf`, `file:///absolute/path.gguf` or `file:relative.gguf`: copied into the store. */
export const file: ModelSource = {
  remote: false,
  parts: false,
  problem: (address) => {
    if (/^\/\/[^/]/.test(address)) return 'names a host; write it as file:/path/model.gguf';
    return address === '' || address.endsWith('/') ? 'names no file; write it as file:/path/model.gguf' : null;
  },
  fetch: async (entry, partial, context) => {
    const path = pathOf(entry.addresses[0] ?? '', context.env.cwd);
    try {
      const stats = statSync(path);
      if (!stats.isFile()) throw modelError(`${path} is not a file`);
      await context.announce({ bytes: stats.size, sha256: null });
      await partial.restart();
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal: context.signal })) {
        await partial.write(chunk as Buffer);
        context.progress(partial.bytes());
      }
    } catch (error) {
      const { code, path: failed } = error as NodeJS.ErrnoException;
      if (failed === path && code !== undefined)
        throw modelError(`cannot read ${path}: ${messageOf(error)}`, undefined, error);
      throw error;
    }
  },
};

/** The path that a `file:` address (without `file:`) means. */
export function pathOf(address: string, base: string): string {
  return address.startsWith('///') ? fileURLToPath(`file:${address}`) : resolve(base, address);
}
