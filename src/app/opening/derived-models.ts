import { engines } from '../../engines/index.js';
import { takesFiles } from '../../folders.js';
import type { Recipe } from '../../gguf/recipe.js';
import { type DerivedModel, derivedFolder, derivedModel, type ResolvedModel } from '../../models/index.js';
import { readConfig } from '../config.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/** The derived file of a model, made and checked against the model where it is not in the cache. */
export async function openDerived(
  surroundings: Surroundings,
  source: ResolvedModel,
  recipe: Recipe,
): Promise<DerivedModel> {
  try {
    return await derivedIn(cacheDirectory(surroundings), surroundings, source, recipe);
  } catch (error) {
    // A cache that may only be read serves what is in it; the rest is made elsewhere.
    if (takesFiles(derivedFolder(cacheDirectory(surroundings)))) throw error;
    return derivedIn(surroundings.scratch(), surroundings, source, recipe);
  }
}

async function derivedIn(
  cacheDir: string,
  surroundings: Surroundings,
  source: ResolvedModel,
  recipe: Recipe,
): Promise<DerivedModel> {
  const { derivedCacheBytes } = await readConfig(surroundings);
  return derivedModel(source, recipe, {
    cacheDir,
    ...(derivedCacheBytes === undefined ? {} : { maxBytes: derivedCacheBytes }),
    now: () => surroundings.date(),
    verify: async (derived) => {
      await engines.llama.verifyDerived({ source: source.path, derived, recipe, signal: surroundings.signal });
    },
    onMake: (_name, bytes) => {
      const layers = recipe.layers === null ? '' : `${recipe.layers} layers, `;
      surroundings.notice(
        `preparing a smaller file of ${source.name} (${layers}${Math.round(bytes / 1e6)} MB); this is done once`,
      );
    },
    onNotice: (text) => surroundings.notice(text),
    signal: surroundings.signal,
  });
}
