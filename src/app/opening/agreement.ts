import path from 'node:path';
import { z } from 'zod';
import { modelsOf } from '../../cascade-reference.js';
import { serviceOf } from '../../engines/index.js';
import { modelError, SlmError } from '../../errors.js';
import { makeFolder } from '../../folders.js';
import { installedStats, type ModelEnvironment, readSpec } from '../../models/index.js';
import { readJson, writeJson } from '../../models/json-file.js';
import { liesIn } from '../../profile/paths.js';
import type { TaskProfile } from '../../types.js';
import { configFiles, projectModel, readConfig } from '../config.js';
import { configDirectory, isOn, modelEnvironment, type Surroundings } from '../surroundings.js';

const agreedSchema = z.object({ models: z.array(z.string()) });

/**
 * Refuses to fetch a model that only a file of the project names, until the user has agreed to it once: who opens a
 * folder of somebody else has not chosen what is downloaded. `./slm.yaml` acts without being named itself, so it must
 * not name any model that is missing; a task may name one of the catalogue, whose digest we know. A model behind a
 * service is refused in the same way: the user's texts would be sent to it.
 * @param chosen what flags and environment say
 * @throws SlmError of kind `model`
 */
export async function requireAgreement(
  surroundings: Surroundings,
  chosen: string | undefined,
  profile: Pick<TaskProfile, 'model' | 'path'> | null,
): Promise<void> {
  if (chosen !== undefined) return;
  const fromProject = await projectModel(surroundings);
  if (fromProject !== undefined) {
    await checkNamed(surroundings, fromProject, 'slm.yaml');
    return agreedOrRefused(surroundings, fromProject, 'slm.yaml', 'any');
  }
  const own = (await readConfig(surroundings)).model;
  if (own !== undefined) return checkNamed(surroundings, own, configFiles(surroundings)[0] as string);
  if (profile?.model == null) return;
  await checkNamed(surroundings, profile.model, profile.path);
  if (!isOwn(surroundings, profile)) await agreedOrRefused(surroundings, profile.model, profile.path, 'addresses');
}

/**
 * The same for a further model that a task names, whatever flags say of the first.
 * @throws SlmError of kind `model`
 */
export async function requireAgreementOn(
  surroundings: Surroundings,
  model: string,
  profile: Pick<TaskProfile, 'path'>,
): Promise<void> {
  if (!isOwn(surroundings, profile)) await agreedOrRefused(surroundings, model, profile.path, 'addresses');
}

/** Returns whether a task came with the program, or lies among the user's own. */
function isOwn(surroundings: Surroundings, profile: Pick<TaskProfile, 'path'>): boolean {
  const file = path.resolve(surroundings.cwd, profile.path);
  const folders = [path.join(configDirectory(surroundings), 'tasks'), path.join(surroundings.packageRoot, 'tasks')];
  return folders.some((folder) => liesIn(file, folder));
}

/**
 * Says which file names a model that there is not: nobody sees it on the command line.
 * @throws SlmError
 */
async function checkNamed(surroundings: Surroundings, named: string, file: string): Promise<void> {
  const environment = modelEnvironment(surroundings);
  try {
    for (const model of modelsIn(named)) {
      if (serviceOf(model) === null && installedStats(environment.dataDir, model) === null)
        await readSpec(model, environment);
    }
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    throw new SlmError(error.kind, `${file} names a model that cannot be used: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

/** The models of a list, as commands that take several write it, and of cascades in it. */
function modelsIn(named: string): readonly string[] {
  return named.split(',').flatMap((name) => modelsOf(name.trim()));
}

async function agreedOrRefused(
  surroundings: Surroundings,
  named: string,
  file: string,
  which: 'any' | 'addresses',
): Promise<void> {
  const environment = modelEnvironment(surroundings);
  const agreed = path.join(environment.dataDir, 'agreed.json');
  for (const model of modelsIn(named)) {
    const service = serviceOf(model);
    if (service === null && (await isHarmless(environment, model, which))) continue;
    const known = (await readJson(agreed, agreedSchema))?.models ?? [];
    if (known.includes(model)) continue;
    if (!isOn(surroundings.env.SLM_YES)) {
      if (service !== null) {
        throw modelError(
          `${file} names the model ${model}. A project file alone does not allow sending texts to ${service.kind.title}.`,
          `If you trust it, use \`-m ${model}\`, or agree once with --yes (SLM_YES=1).`,
        );
      }
      throw modelError(
        `${file} names the model ${model}, which is not installed. A project file alone does not allow a download.`,
        `If you trust it, run \`slm models pull ${model}\`, or agree once with --yes (SLM_YES=1).`,
      );
    }
    await keep(agreed, [...known, model]);
  }
}

/** Returns whether nothing is downloaded for a model, or what is downloaded is known to us. */
async function isHarmless(environment: ModelEnvironment, model: string, which: 'any' | 'addresses'): Promise<boolean> {
  const read = await readSpec(model, environment).catch(() => null);
  // A model that nobody knows is for the one who opens it to report.
  if (read === null || read.kind === 'path' || installedStats(environment.dataDir, read.name) !== null) return true;
  return which === 'addresses' && read.manifest !== null;
}

/** Asked again where it cannot be kept. */
async function keep(file: string, models: readonly string[]): Promise<void> {
  try {
    makeFolder(path.dirname(file));
    await writeJson(file, { models });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
