import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folder of the library's modules. */
function modulesFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('node-llama-cpp'));
}

/** A module that the library does not export. Whoever uses one has a way without it. */
export async function importInternal<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(modulesFolder(), name)).href)) as T;
}

/** Of node-llama-cpp. */
export function libraryVersion(): string {
  const manifest = path.join(modulesFolder(), '..', 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
