import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { modelsOf } from '../../cascade-reference.js';
import { findDocuments } from '../../documents/find.js';
import { serviceOf } from '../../engines/index.js';
import type { Document } from '../../methods/types.js';
import { modelPath, readSpec } from '../../models/index.js';
import { cascadeFile } from '../../profile/cascade-settings.js';
import { loadProfile } from '../../profile/index.js';
import { listTasks } from '../../profile/paths.js';
import type { TaskProfile } from '../../types.js';
import { configFiles } from '../config.js';
import { modelEnvironment, profileContext, type Surroundings } from '../surroundings.js';
import { withChoices } from './choices.js';
import { chooseModel } from './choose-model.js';
import { bundleFile } from './constants.js';
import { documentsFor } from './documents.js';
import type { TaskFlags } from './flags.js';
import { settingsName, tunedFolders } from './tuned-settings.js';

/** Everything on disk that results depend on. */
interface Loaded {
  readonly profile: TaskProfile;
  readonly documents: readonly Document[];
  readonly constants: string | null;
  /** The model as it is spoken of. */
  readonly spoken: string;
  readonly model: unknown;
  /** Overlays of the task, as they are written. */
  readonly tuned: readonly (string | null)[];
}

/** A task as it was read, and a way to see whether that is what is there now. */
export interface LoadedTask {
  readonly profile: TaskProfile;
  readonly documents: readonly Document[];
  /** Rejects where something cannot be read any more. */
  isCurrent(): Promise<boolean>;
}

/**
 * Reads a task for keeping. A client waits for `isCurrent`, and to read and check a task of a thousand examples takes
 * as long as a client's own start; so files that nobody has touched since they were last read are not read again.
 */
export async function loadTask(surroundings: Surroundings, spec: string, flags: TaskFlags): Promise<LoadedTask> {
  const start = surroundings.date();
  const first = await load(surroundings, spec, flags);
  const wanted = JSON.stringify(first);
  let seen = await stampsOf(surroundings, first, flags, start);
  return {
    profile: first.profile,
    documents: first.documents,
    async isCurrent() {
      const start = surroundings.date();
      const now = await stampsOf(surroundings, first, flags, start);
      if (now !== null && now === seen) return true;
      if (JSON.stringify(await load(surroundings, spec, flags)) !== wanted) return false;
      seen = now;
      return true;
    },
  };
}

/** A file that was written a moment ago can be written again without another stamp: clocks of file systems are coarse. */
const settledMs = 2000;

/**
 * Stamps of all that `load` reads or looks for.
 * @param start when that was begun, ms
 * @returns null where one of them is so new that it may have been written since
 */
async function stampsOf(
  surroundings: Surroundings,
  { profile, spoken }: Loaded,
  flags: TaskFlags,
  start: number,
): Promise<string | null> {
  const { folders } = profileContext(surroundings);
  // Looked for again: a document may have been put into any of the folders.
  const entries = flags.context ?? profile.documentEntries ?? [];
  const documents = entries.flatMap((name) => findDocuments(name, surroundings.cwd).files);
  const files = [
    ...profile.files,
    ...documents,
    ...(await tunedFilesOf(surroundings, profile, spoken)),
    bundleFile(surroundings, profile),
    ...configFiles(surroundings),
  ];
  const stamps = files.map((file) => statSync(file, { throwIfNoEntry: false }) ?? null);
  if (stamps.some((stats) => stats !== null && stats.ctimeMs > start - settledMs)) return null;
  return JSON.stringify([
    files,
    stamps.map((stats) => stats && [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs]),
    // A task that is included by name may be another one by now.
    listTasks(folders),
    await modelStamp(surroundings, spoken),
  ]);
}

async function load(surroundings: Surroundings, spec: string, flags: TaskFlags): Promise<Loaded> {
  const profile = withChoices(await loadProfile(spec, profileContext(surroundings)), flags);
  const spoken = await chooseModel(surroundings, flags, profile);
  return {
    profile,
    spoken,
    tuned: (await tunedFilesOf(surroundings, profile, spoken)).map(contentOf),
    documents: await documentsFor(surroundings, profile, flags.context ?? []),
    constants: contentOf(bundleFile(surroundings, profile)),
    model: await modelStamp(surroundings, spoken),
  };
}

async function tunedFilesOf(surroundings: Surroundings, profile: TaskProfile, model: string): Promise<string[]> {
  const models = modelsOf(model);
  const names = await Promise.all(models.map((each) => settingsName(surroundings, each)));
  return tunedFolders(surroundings, profile).flatMap((folder) => [
    ...names.map((name) => path.join(folder, `${name}.yaml`)),
    ...(models.length > 1 ? [cascadeFile(folder, models)] : []),
  ]);
}

/** The name of a model, and a stamp that shows whether its file was touched. */
async function modelStamp(surroundings: Surroundings, reference: string): Promise<unknown> {
  return Promise.all(modelsOf(reference).map((model) => stampOfModel(surroundings, model)));
}

async function stampOfModel(surroundings: Surroundings, spec: string): Promise<unknown> {
  const environment = modelEnvironment(surroundings);
  if (serviceOf(spec) !== null) return [spec, null];
  const read = await readSpec(spec, environment);
  const file = read.kind === 'path' ? read.path : modelPath(environment.dataDir, read.name);
  const stats = statSync(file, { throwIfNoEntry: false });
  return [read, stats === undefined ? null : [stats.size, stats.mtimeMs, stats.ino]];
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
