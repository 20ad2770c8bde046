import { existsSync } from 'node:fs';
import type { HeadStart } from '../../engines/index.js';
import { engines, fileEngineOf } from '../../engines/index.js';
import { modelError, usageError } from '../../errors.js';
import { architectureOf } from '../../gguf/architecture-of.js';
import { given } from '../../given.js';
import { methodOf } from '../../methods/index.js';
import { installedStats, type ResolvedModel, readSpec, resolveModel } from '../../models/index.js';
import type { EngineWith, TaskProfile } from '../../types.js';
import { readConfig } from '../config.js';
import { modelEnvironment, modelEvents, type Surroundings } from '../surroundings.js';
import { headStartFor } from './early-model.js';
import type { EngineFlags } from './flags.js';
import { threadsOf } from './threads.js';
import { modelDigest } from './tuned-settings.js';

/** Returns whether a model file gives embeddings, and no next token. */
export function isEmbedding({ path }: Pick<ResolvedModel, 'path'>): boolean {
  return fileEngineOf(architectureOf(path)) === engines.embedder;
}

/** Loads an embedding model. */
export async function openEmbedding(
  surroundings: Surroundings,
  model: ResolvedModel,
  flags: EngineFlags,
  early: HeadStart | null = null,
): Promise<EngineWith<'embeddings'>> {
  const config = await readConfig(surroundings);
  const threads = threadsOf(flags, config);
  const contextSize = flags.contextSize ?? config.contextSize;
  const accelerator = flags.gpu ?? config.gpu;
  return engines.embedder.open({
    path: model.path,
    name: model.name,
    sha256: model.sha256,
    textPrefixes: given(model.manifest?.prefixes ?? {}),
    ...given({ threads, contextSize, accelerator }),
    ...(surroundings.engineLog === null ? {} : { onLog: surroundings.engineLog }),
    headStart: await headStartFor(surroundings, early, model.path, accelerator !== undefined),
    signal: surroundings.signal,
  });
}

/** The embedding model that the method of a profile wants beside its model, opened; null where it wants none, or does without. */
export async function openSecondModel(
  surroundings: Surroundings,
  profile: TaskProfile,
  flags: EngineFlags,
): Promise<EngineWith<'embeddings'> | null> {
  const model = await secondModel(surroundings, profile);
  return model === null ? null : openEmbedding(surroundings, model, flags);
}

/**
 * The embedding model that the method of a profile wants; null where it wants none, or where it can do without and the
 * model is not on this machine, which is said: it is never fetched for this.
 * @throws SlmError where it is no embedding model, or a head was trained on it and it is missing or another one
 */
export async function secondModel(surroundings: Surroundings, profile: TaskProfile): Promise<ResolvedModel | null> {
  const wanted = methodOf(profile).embedderOf?.(profile) ?? null;
  if (wanted === null) return null;
  const environment = modelEnvironment(surroundings);
  const read = await readSpec(wanted.model, environment).catch(() => null);
  const isHere =
    read !== null &&
    (read.kind === 'path' ? existsSync(read.path) : installedStats(environment.dataDir, read.name) !== null);
  const without = `Tune the task again, or run with --untuned.`;
  if (!isHere && wanted.sha256 !== null) {
    throw modelError(
      `${profile.tuned?.file}: it was trained with vectors of the embedding model "${wanted.model}", which is not on this machine.`,
      read?.kind === 'named'
        ? `\`slm models pull ${wanted.model}\` fetches it. ${without}`
        : `Put the file there. ${without}`,
    );
  }
  if (!isHere) {
    surroundings.notice(
      `the embedding model "${wanted.model}" is not on this machine, so passages are found by their words alone; \`slm models pull\` fetches it`,
    );
    return null;
  }
  const model = await resolveModel(wanted.model, environment, modelEvents(surroundings));
  if (!isEmbedding(model))
    throw usageError(`"${wanted.model}" is no embedding model`, 'Name one, such as all-minilm-l6-v2.');
  if (wanted.sha256 !== null && (await modelDigest(surroundings, model)) !== wanted.sha256) {
    throw modelError(
      `${profile.tuned?.file}: it was trained with another version of the file of "${wanted.model}" (sha256 ${wanted.sha256.slice(0, 12)}…).`,
      without,
    );
  }
  return model;
}
