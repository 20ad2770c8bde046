import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The prebuilt addon for this machine, loaded: the native half of node-llama-cpp, without its JavaScript. */
export interface Binary {
  readonly bindings: object;
  readonly directory: string;
  readonly bindingPath: string;
  /** The facts about a build that the library asks for. */
  readonly metadata: { readonly buildOptions: Record<string, unknown> };
}

/**
 * Loads the CPU binary where its package is as it was in 3.22.1: Linux on x64 and arm64.
 * @throws where it is not
 */
export async function loadBinary(): Promise<Binary> {
  if (process.platform !== 'linux') throw new Error('only Linux has one CPU binary for all');
  const folder = `linux-${process.arch}`;
  const { getBinsDir } = (await import(`@node-llama-cpp/${folder}`)) as { getBinsDir(): { binsDir: string } };
  const directory = path.join(getBinsDir().binsDir, folder);
  const bindingPath = path.join(directory, 'llama-addon.node');
  const metadata = JSON.parse(readFileSync(path.join(directory, '_nlcBuildMetadata.json'), 'utf8')) as {
    buildOptions: Record<string, unknown>;
  };
  metadata.buildOptions.customCmakeOptions = new Map();
  return { bindings: createRequire(import.meta.url)(bindingPath) as object, directory, bindingPath, metadata };
}
