import path from 'node:path';
import { modelsOf } from '../../cascade-reference.js';
import { findDocuments } from '../../documents/find.js';
import { modelPath, readSpec } from '../../models/index.js';
import { cascadeFile } from '../../profile/cascade-settings.js';
import type { TaskProfile } from '../../types.js';
import { configFiles } from '../config.js';
import { bundleFile } from '../opening/constants.js';
import { settingsName, tunedFolders } from '../opening/tuned-settings.js';
import { modelEnvironment, type Surroundings } from '../surroundings.js';

/** A file that a command reads or writes. */
export interface UsedFile {
  /** `-` is standard input, or standard output. */
  readonly path: string;
  /** The file's role in messages: `an input`. */
  readonly what: string;
}

/**
 * All files that results of a task come from, beside the records.
 * @param references models or cascades as they are spoken of
 * @param documents as the command line names them; undefined for those of the task
 */
export async function filesRead(
  surroundings: Surroundings,
  profile: TaskProfile,
  references: readonly string[],
  documents: readonly string[] | undefined,
): Promise<UsedFile[]> {
  const models = references.flatMap(modelsOf);
  const used = (what: string, paths: readonly string[]) => paths.map((file) => ({ path: file, what }));
  const named = documents?.flatMap((name) => (name === '-' ? [name] : findDocuments(name, surroundings.cwd).files));
  const settings = await Promise.all(models.map((model) => settingsName(surroundings, model)));
  const tuned = settings.flatMap((name) =>
    tunedFolders(surroundings, profile).flatMap((folder) =>
      ['yaml', 'head'].map((suffix) => path.join(folder, `${name}.${suffix}`)),
    ),
  );
  const thresholds = references
    .map(modelsOf)
    .filter(({ length }) => length > 1)
    .flatMap((stages) => tunedFolders(surroundings, profile).map((folder) => cascadeFile(folder, stages)));
  return [
    ...used('a file of the task', [...profile.files, bundleFile(surroundings, profile)]),
    ...used('a document', named ?? profile.documents),
    ...used('the tuned settings', tuned),
    ...used('thresholds of a cascade', thresholds),
    ...used('a settings file', configFiles(surroundings)),
    ...used('the model', (await Promise.all(models.map((model) => fileOf(surroundings, model)))).flat()),
  ];
}

/** Nothing for a model that nobody knows: that is said where it is opened. */
async function fileOf(surroundings: Surroundings, model: string): Promise<string[]> {
  const environment = modelEnvironment(surroundings);
  const read = await readSpec(model, environment).catch(() => null);
  if (read === null) return [];
  return [read.kind === 'path' ? read.path : modelPath(environment.dataDir, read.name)];
}
