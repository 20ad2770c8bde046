import { modelEnvironment, modelEvents } from '../app/surroundings.js';
import { resolveModel as resolve } from '../models/index.js';
import { checkOptions, checkText } from './check-options.js';
import { type PlaceOptions, placeSchema, surroundingsOf } from './surroundings.js';

/** A model file on this machine. */
export interface LocalModel {
  readonly name: string;
  readonly path: string;
  /** Lower-case hex; null for a file that nobody has a digest of. */
  readonly sha256: string | null;
}

/**
 * The file of a model, fetched and checked where it is missing.
 * @param spec a name of the catalogue, a path, or an address such as `hf:owner/repo/file.gguf`
 * @throws SlmError with code `SLM_MODEL`
 */
export async function resolveModel(spec: string, options: PlaceOptions = {}): Promise<LocalModel> {
  checkText('resolveModel', 'model', spec);
  const surroundings = surroundingsOf(checkOptions('resolveModel', placeSchema, options));
  const { name, path, sha256 } = await resolve(spec, modelEnvironment(surroundings), modelEvents(surroundings));
  return { name, path, sha256 };
}
