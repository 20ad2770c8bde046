import path from 'node:path';
import { SlmError } from '../../errors.js';
import { sha256Of } from '../../models/digest.js';
import { nameOfModel, type ResolvedModel, readSpec } from '../../models/index.js';
import { findTunedSettings, withTunedSettings } from '../../profile/tuned-settings.js';
import type { TaskProfile } from '../../types.js';
import { configDirectory, modelEnvironment, type Surroundings } from '../surroundings.js';

/**
 * Where tuned settings of a task are looked for, the user's own before those that come with a built-in task. A task of the
 * user has one place: its own folder, so that it can be taken along.
 */
export function tunedFolders(surroundings: Surroundings, profile: TaskProfile): string[] {
  const own = path.join(path.dirname(path.resolve(surroundings.cwd, profile.path)), 'tuned');
  return isBuiltIn(surroundings, profile)
    ? [path.join(configDirectory(surroundings), 'tuned', profile.name), own]
    : [own];
}

/** Tasks of the program are not written to. */
function isBuiltIn(surroundings: Surroundings, profile: TaskProfile): boolean {
  const folder = path.dirname(path.resolve(surroundings.cwd, profile.path));
  const builtIn = path.join(surroundings.packageRoot, 'tasks');
  return surroundings.cwd !== surroundings.packageRoot && path.dirname(folder) === builtIn;
}

/** The profile as tuned for the model, where it has been. */
export async function tunedProfile(
  surroundings: Surroundings,
  profile: TaskProfile,
  model: ResolvedModel,
): Promise<TaskProfile> {
  const found = findTunedSettings(tunedFolders(surroundings, profile), model.name, surroundings.cwd, profile.name);
  if (found === null) return profile;
  return withTunedSettings(profile, found, await modelDigest(surroundings, model));
}

export async function modelDigest(surroundings: Surroundings, model: ResolvedModel): Promise<string> {
  return model.sha256 ?? (await sha256Of(model.path, surroundings.signal));
}

/**
 * The name that settings tuned for a model are kept under: that of the model once it is there. Where nobody knows the
 * model, it is what stands in its place.
 */
export async function settingsName(surroundings: Surroundings, spoken: string): Promise<string> {
  try {
    return await nameOfModel(await readSpec(spoken, modelEnvironment(surroundings)));
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    return path.basename(spoken).replace(/\.gguf$/iu, '');
  }
}

/** As it was tuned for the model that is spoken of, for showing: whether the file here is the one it was tuned for is not looked at. */
export async function shownProfile(
  surroundings: Surroundings,
  profile: TaskProfile,
  spoken: string,
): Promise<TaskProfile> {
  const name = await settingsName(surroundings, spoken);
  const found = findTunedSettings(tunedFolders(surroundings, profile), name, surroundings.cwd, profile.name);
  return found === null ? profile : withTunedSettings(profile, found, found.settings.modelSha256);
}
