import { existsSync } from 'node:fs';
import type { HeadStart } from '../../engines/index.js';
import { engines, fileEngineOf } from '../../engines/index.js';
import { usageError } from '../../errors.js';
import { architectureOf } from '../../gguf/architecture-of.js';
import { methodOf } from '../../methods/index.js';
import { installedStats, type ResolvedModel, readSpec, resolveModel } from '../../models/index.js';
import type { EngineWith, TaskProfile, TextPrefixes } from '../../types.js';
import { readConfig } from '../config.js';
import { modelEnvironment, modelEvents, type Surroundings } from '../surroundings.js';
import { headStartFor } from './early-model.js';
import type { EngineFlags } from './flags.js';
import { threadsOf } from './threads.js';

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
    ...(threads === undefined ? {} : { threads }),
    ...(contextSize === undefined ? {} : { contextSize }),
    textPrefixes: givenPrefixes(model),
    ...(accelerator === undefined ? {} : { accelerator }),
    ...(surroundings.engineLog === null ? {} : { onLog: surroundings.engineLog }),
    headStart: await headStartFor(surroundings, early, model.path, accelerator !== undefined),
    signal: surroundings.signal,
  });
}

/**
 * The embedding model that the method of a profile wants beside its model; null where it wants none, or where that is
 * not on this machine, which is said: it is never fetched for this.
 * @throws SlmError where it is no embedding model
 */
export async function openSecondModel(
  surroundings: Surroundings,
  profile: TaskProfile,
  flags: EngineFlags,
): Promise<EngineWith<'embeddings'> | null> {
  const spec = methodOf(profile).embedderOf?.(profile) ?? null;
  if (spec === null) return null;
  const environment = modelEnvironment(surroundings);
  const read = await readSpec(spec, environment).catch(() => null);
  const isHere =
    read !== null &&
    (read.kind === 'path' ? existsSync(read.path) : installedStats(environment.dataDir, read.name) !== null);
  if (!isHere) {
    surroundings.notice(
      `the embedding model "${spec}" is not on this machine, so passages are found by their words alone; \`slm models pull\` fetches it`,
    );
    return null;
  }
  const model = await resolveModel(spec, environment, modelEvents(surroundings));
  if (!isEmbedding(model)) throw usageError(`"${spec}" is no embedding model`, 'Name one, such as all-minilm-l6-v2.');
  return openEmbedding(surroundings, model, flags);
}

/** As the catalogue says. */
function givenPrefixes({ manifest }: ResolvedModel): Partial<TextPrefixes> {
  const { text, query, passage } = manifest?.prefixes ?? {};
  return {
    ...(text === undefined ? {} : { text }),
    ...(query === undefined ? {} : { query }),
    ...(passage === undefined ? {} : { passage }),
  };
}
