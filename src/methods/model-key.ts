import type { ModelInfo } from '../types.js';

/** What keys of the cache name a model by. */
export function modelKey({ model }: { readonly model: Pick<ModelInfo, 'sha256' | 'path' | 'name'> }): string {
  return model.sha256 ?? model.path ?? model.name;
}
