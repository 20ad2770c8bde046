import { cascadeOf, modelsOf } from '../../cascade-reference.js';
import { serviceOf } from '../../engines/index.js';
import { usageError } from '../../errors.js';
import { type ResolvedModel, resolveModel } from '../../models/index.js';
import type { TaskProfile } from '../../types.js';
import { defaultModel, readConfig } from '../config.js';
import { modelEnvironment, modelEvents, type Surroundings } from '../surroundings.js';
import { requireAgreement } from './agreement.js';
import type { EngineFlags } from './flags.js';

/** The model to use, or a cascade of some: flag or environment, then project and user configuration, then the task's own, then the default. */
export async function chooseModel(
  surroundings: Surroundings,
  flags: Pick<EngineFlags, 'model'>,
  profile: Pick<TaskProfile, 'model'> | null,
): Promise<string> {
  return flags.model ?? (await readConfig(surroundings)).model ?? profile?.model ?? defaultModel;
}

/**
 * The model to use, for fetching it where it is missing.
 * @throws SlmError where only a file of the project names it, and the user has not agreed
 */
export async function modelToFetch(
  surroundings: Surroundings,
  flags: Pick<EngineFlags, 'model'>,
  profile: Pick<TaskProfile, 'model' | 'path'> | null,
): Promise<string> {
  await requireAgreement(surroundings, flags.model, profile);
  return chooseModel(surroundings, flags, profile);
}

/**
 * Fetches a model where it is missing.
 * @throws SlmError where the model is no file, and the work needs one
 */
export async function resolveNamed(surroundings: Surroundings, spec: string): Promise<ResolvedModel> {
  if (cascadeOf(spec) !== null) {
    throw usageError(`"${spec}" is a cascade, and this needs one model.`, 'Name one of its models with -m.');
  }
  const service = serviceOf(spec);
  if (service !== null) {
    throw usageError(
      `"${spec}" is a model of ${service.kind.title}, and this needs a model file.`,
      'Name one of `slm models list`, or a .gguf file.',
    );
  }
  return resolveModel(spec, modelEnvironment(surroundings), modelEvents(surroundings));
}

/** Makes sure that a model can be opened: fetches its file where it is missing. */
export async function requireModel(surroundings: Surroundings, spec: string): Promise<void> {
  for (const model of modelsOf(spec)) if (serviceOf(model) === null) await resolveNamed(surroundings, model);
}
