import type { HeadStart } from '../../engines/index.js';
import { engines, fileEngineOf } from '../../engines/index.js';
import { architectureOf } from '../../gguf/architecture-of.js';
import type { ResolvedModel } from '../../models/index.js';
import type { EngineWith, TextPrefixes } from '../../types.js';
import { readConfig } from '../config.js';
import type { Surroundings } from '../surroundings.js';
import { headStartFor } from './early-model.js';
import type { EngineFlags } from './flags.js';
import { threadsOf } from './threads.js';

/** Whether a model file gives embeddings, and no next token. */
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

/** As the catalogue says. */
function givenPrefixes({ manifest }: ResolvedModel): Partial<TextPrefixes> {
  const { text, query, passage } = manifest?.prefixes ?? {};
  return {
    ...(text === undefined ? {} : { text }),
    ...(query === undefined ? {} : { query }),
    ...(passage === undefined ? {} : { passage }),
  };
}
