import type { Recipe } from '../../gguf/recipe.js';
import { type DerivedModel, derivedModel, type ResolvedModel } from '../../models/index.js';
import { readConfig } from '../config.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/** The derived file of a model, made and checked against the model where it is not in the cache. */
export async function openDerived(context: Surroundings, source: ResolvedModel, recipe: Recipe): Promise<DerivedModel> {
  const { derivedCacheBytes } = await readConfig(context);
  return derivedModel(source, recipe, {
    cacheDir: cacheDirectory(context),
    ...(derivedCacheBytes === undefined ? {} : { maxBytes: derivedCacheBytes }),
    now: () => context.date(),
    verify: async (derived) => {
      const { verifyDerived } = await import('../../engines/llama/verify-derived.js');
      await verifyDerived({ source: source.path, derived, recipe, signal: context.signal });
    },
    onMake: (name) => context.notice(`making ${name}; this is done once`),
    onNotice: (text) => context.notice(text),
    signal: context.signal,
  });
}
