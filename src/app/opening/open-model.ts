import path from 'node:path';
import { type EngineOptions, engines, type HeadStart, serviceOf } from '../../engines/index.js';
import { valuePlaces } from '../../gguf/architectures.js';
import type { Recipe } from '../../gguf/recipe.js';
import { given } from '../../given.js';
import { headerOfModel, type ResolvedModel } from '../../models/index.js';
import type { Engine, LocalEngine } from '../../types.js';
import { readConfig } from '../config.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';
import { resolveNamed } from './choose-model.js';
import { openDerived } from './derived-models.js';
import { headStartFor } from './early-model.js';
import { isEmbedding, openEmbedding } from './embedding.js';
import type { EngineFlags } from './flags.js';
import { openService } from './service.js';
import { noticeThreads, threadsOf } from './threads.js';

/** Loads a model, after fetching it where it is missing. */
export async function openModel(
  surroundings: Surroundings,
  spec: string,
  flags: EngineFlags,
  parallel: 'one' | 'many',
): Promise<Engine> {
  const service = serviceOf(spec);
  if (service !== null) return openService(surroundings, spec, service);
  noticeThreads(surroundings, flags, await readConfig(surroundings));
  const model = await resolveNamed(surroundings, spec);
  return isEmbedding(model)
    ? openEmbedding(surroundings, model, flags)
    : openResolved(surroundings, model, flags, parallel);
}

/**
 * Loads a model, or with a recipe the file that it makes of the model.
 * @param early the file under way, if it is the one
 */
export async function openResolved(
  surroundings: Surroundings,
  model: ResolvedModel,
  flags: EngineFlags,
  parallel: 'one' | 'many',
  recipe: Recipe | null = null,
  early: HeadStart | null = null,
): Promise<LocalEngine> {
  const config = await readConfig(surroundings);
  const file = recipe === null ? model : await openDerived(surroundings, model, recipe);
  const options: EngineOptions = {
    path: file.path,
    name: model.name,
    sha256: model.sha256,
    derived: recipe !== null,
    parallel,
    ...(recipe?.output != null && 'values' in recipe.output
      ? { values: valuePlaces(headerOfModel(model), recipe) }
      : {}),
    ...(model.manifest === null ? {} : { format: model.manifest.format }),
    ...given({
      chatTemplate: model.manifest?.template,
      threads: threadsOf(flags, config),
      contextSize: flags.contextSize ?? config.contextSize,
      accelerator: flags.gpu ?? config.gpu,
    }),
    signal: surroundings.signal,
    prefixes: { directory: path.join(cacheDirectory(surroundings), 'prefixes'), now: () => surroundings.date() },
    ...(surroundings.engineLog === null ? {} : { onLog: surroundings.engineLog }),
  };
  const headStart = await headStartFor(surroundings, early, file.path, options.accelerator !== undefined);
  const { open } = engines.llama;
  if (options.threads !== undefined || options.accelerator !== undefined) return open({ ...options, headStart });
  const { measuredShape } = await import('./machines.js');
  const shape = await measuredShape(surroundings, model, parallel);
  return open({ ...options, headStart, ...given({ shape }) });
}
