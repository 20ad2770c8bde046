import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SlmError } from '../errors.js';
import { readManifest } from './manifest.js';
import type { Manifest, ModelEnvironment } from './types.js';

type Places = Pick<ModelEnvironment, 'configDir' | 'builtinDir'>;

/** Folders of manifests; the user's own come first and hide built-in ones of the same name. */
function folders({ configDir, builtinDir }: Places): { folder: string; own: boolean }[] {
  return [
    { folder: join(configDir, 'models'), own: true },
    { folder: builtinDir, own: false },
  ];
}

/** Names of all models of the catalogue, sorted. */
export function modelNames(places: Places): string[] {
  const names = folders(places).flatMap(({ folder }) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [],
  );
  return [...new Set(names.map((name) => name.slice(0, -'.yaml'.length)))].sort();
}

/** The manifest of that name, or null. Reads this one file only. */
export function findManifest(name: string, places: Places): Manifest | null {
  for (const { folder, own } of folders(places)) {
    const file = join(folder, `${name}.yaml`);
    if (existsSync(file)) return readManifest(file, own);
  }
  return null;
}

/**
 * Every manifest, sorted by name.
 * @param onProblem told of each that is not valid, which is left out: one broken file shall not hide the others
 */
export function readCatalogue(places: Places, onProblem: (problem: string) => void): Manifest[] {
  return modelNames(places).flatMap((name) => {
    try {
      return findManifest(name, places) ?? [];
    } catch (error) {
      if (!(error instanceof SlmError)) throw error;
      onProblem(`${error.message} The model "${name}" is left out.`);
      return [];
    }
  });
}
