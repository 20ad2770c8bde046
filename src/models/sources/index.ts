import type { ModelSource } from '../types.js';
import { file } from './file.js';
import { http, https } from './https.js';
import { huggingface } from './huggingface.js';
import { pypi } from './pypi.js';

/** Kinds of places, by the scheme of their addresses. */
export const sources = { file, https, http, hf: huggingface, pypi } satisfies Record<string, ModelSource>;

/** The source of a scheme, or null. */
export function sourceOf(scheme: string): ModelSource | null {
  return Object.hasOwn(sources, scheme) ? sources[scheme as keyof typeof sources] : null;
}
