import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileCache } from '../../cache.js';
import { listTasks } from '../../profile/paths.js';
import type { TaskProfile } from '../../types.js';
import { cacheDirectory, profileContext, type Surroundings } from '../surroundings.js';
import { sideFiles, tunedFiles, tunedModels } from './tuned-files.js';

/** A valid task in a list. */
export interface TaskCard {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly examples: number;
  readonly fixtures: number;
  /** Settings that are valid but look like a slip, with file and line. */
  readonly notes: readonly string[];
  /** Models that it is tuned for. */
  readonly tuned: readonly string[];
}

/** A card, and what it was made from: another content of any of these is another card. */
interface KeptCard {
  readonly card: TaskCard;
  /** Absolute paths with the SHA-256 of each. */
  readonly files: readonly (readonly [file: string, sha256: string])[];
  readonly documents: readonly string[];
  /** Where settings may be that are tuned for it. */
  readonly tunedFolders: readonly string[];
  /** The models that the task names. */
  readonly models: readonly string[];
}

/**
 * Cards of tasks whose every file has been checked: now, or before with the same content. Reading a thousand examples
 * and looking for leaks takes longer than all else that a list does. Asked for by the absolute path of a task.yaml, it
 * throws an SlmError with the first problem of the task.
 */
export function taskCards(surroundings: Surroundings): (file: string) => Promise<TaskCard> {
  const cache = fileCache(path.join(cacheDirectory(surroundings), 'tasks'));
  // A task may include another by name, and which one that is depends on those that there are.
  const places = listTasks(profileContext(surroundings).folders).map((place) => place.path);
  return async (file) => {
    // Notes name files as they are seen from the working folder.
    const key = JSON.stringify(['task card 7', surroundings.version, file, places, surroundings.cwd]);
    const kept = (await cache.get(key)) as KeptCard | null;
    if (kept !== null && isFresh(kept) && (await areThere(surroundings, kept.models))) return kept.card;
    const [{ checkTask }, { tunedFolders }, { methodOf }] = await Promise.all([
      import('./check-task.js'),
      import('../opening/tuned-settings.js'),
      import('../../methods/index.js'),
    ]);
    const profile = await checkTask(surroundings, file);
    const folders = tunedFolders(surroundings, profile);
    const card = { ...cardOf(profile), tuned: tunedModels(folders) };
    const settings = tunedFiles(folders);
    const files = [...profile.files, ...settings, ...sideFiles(settings)].map(
      (each) => [each, digestOf(each)] as const,
    );
    await cache.set(key, {
      card,
      files,
      documents: profile.documents,
      models: [profile.model, methodOf(profile).judgeOf?.(profile) ?? null].filter((model) => model !== null),
      tunedFolders: folders,
    } satisfies KeptCard);
    return card;
  };
}

async function areThere(surroundings: Surroundings, models: readonly string[]): Promise<boolean> {
  if (models.length === 0) return true;
  const { modelProblem } = await import('./model-problem.js');
  const problems = await Promise.all(models.map((model) => modelProblem(surroundings, model)));
  return problems.every((problem) => problem === null);
}

function cardOf(profile: TaskProfile): Omit<TaskCard, 'tuned'> {
  const { name, description, examples, fixtures, notes = [] } = profile;
  return { name, type: typeName(profile), description, examples: examples.length, fixtures: fixtures.length, notes };
}

export function typeName({ type, multiLabel }: TaskProfile): string {
  return multiLabel ? `${type}, multi-label` : type;
}

function isFresh({ files, documents, tunedFolders }: KeptCard): boolean {
  const known = new Set(files.map(([file]) => file));
  try {
    if (tunedFiles(tunedFolders).some((file) => !known.has(file))) return false;
    return files.every(([file, sha256]) => digestOf(file) === sha256) && documents.every(existsSync);
  } catch {
    return false;
  }
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
