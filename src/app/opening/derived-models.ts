import { engines } from '../../engines/index.js';
import { takesFiles } from '../../folders.js';
import type { Recipe } from '../../gguf/recipe.js';
import { type DerivedModel, derivedFolder, derivedModel, type ResolvedModel } from '../../models/index.js';
import { readConfig } from '../config.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/** The derived file of a model, made and checked against the model where it is not in the cache. */
export async function openDerived(context: Surroundings, source: ResolvedModel, recipe: Recipe): Promise<DerivedModel> {
  try {
    return await derivedIn(cacheDirectory(context), context, source, recipe);
  } catch (error) {
    // A cache that may only be read serves what is in it; the rest is made elsewhere.
    if (takesFiles(derivedFolder(cacheDirectory(context)))) throw error;
    return derivedIn(context.scratch(), context, source, recipe);
  }
}

async function derivedIn(
  cacheDir: string,
  context: Surroundings,
  source: ResolvedModel,
  recipe: Recipe,
): Promise<DerivedModel> {
  const { derivedCacheBytes } = await readConfig(context);
  return derivedModel(source, recipe, {
    cacheDir,
    ...(derivedCacheBytes === undefined ? {} : { maxBytes: derivedCacheBytes }),
    now: () => context.date(),
    verify: async (derived) => {
      await engines.llama.verifyDerived({ source: source.path, derived, recipe, signal: context.signal });
    },
    onMake: (name, bytes) =>
      context.notice(`making ${name}, ${Math.round(bytes / 1e6)} MB in the cache; this is done once`),
    onNotice: (text) => context.notice(text),
    signal: context.signal,
  });
}
