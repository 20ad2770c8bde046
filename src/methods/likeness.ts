import { cosine } from '../documents/similar-windows.js';
import type { Embedder } from '../types.js';

/** Cosines of texts with a question. */
export type Likeness = (question: string, texts: readonly string[]) => Promise<number[]>;

/** Vectors of texts that are kept for the next question. */
const mostKept = 4000;

/** Compares by an embedding model; the vectors of texts that came lately are kept. */
export function createLikeness(embedder: Pick<Embedder, 'embed' | 'prefixes'>): Likeness {
  const kept = new Map<string, Float32Array>();
  return async (question, texts) => {
    // Taken before the others are embedded: meanwhile another question may push them out.
    const own = new Map(texts.map((text) => [text, kept.get(text)]));
    const missing = [...own.keys()].filter((text) => own.get(text) === undefined);
    const { query, passage } = embedder.prefixes;
    const [asked, ...vectors] = await embedder.embed([query + question, ...missing.map((text) => passage + text)]);
    for (const [i, text] of missing.entries()) own.set(text, vectors[i]);
    for (const [text, vector] of own) {
      kept.delete(text);
      kept.set(text, vector as Float32Array);
    }
    while (kept.size > mostKept) kept.delete(kept.keys().next().value as string);
    return texts.map((text) => cosine(own.get(text) as Float32Array, asked as Float32Array));
  };
}
