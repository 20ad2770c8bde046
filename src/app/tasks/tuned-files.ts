import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Tuned settings of a task in the folders where a run looks for them. */
export function tunedFiles(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith('.yaml'))
          .sort()
          .map((name) => path.join(folder, name))
      : [],
  );
}

/** The files of numbers beside such settings, those that there are. */
export function sideFiles(settings: readonly string[]): string[] {
  return settings.map((file) => file.replace(/\.yaml$/u, '.head')).filter((file) => existsSync(file));
}

/** The models that there are such settings for. */
export function tunedModels(folders: readonly string[]): string[] {
  return [...new Set(tunedFiles(folders).map((file) => path.basename(file, '.yaml')))].sort();
}
