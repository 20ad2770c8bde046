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
    const missing = [...new Set(texts)].filter((text) => !kept.has(text));
    const { query, passage } = embedder.prefixes;
    const [asked, ...vectors] = await embedder.embed([query + question, ...missing.map((text) => passage + text)]);
    const known = texts.map((text) => kept.get(text) ?? (vectors[missing.indexOf(text)] as Float32Array));
    for (const [i, text] of texts.entries()) {
      kept.delete(text);
      kept.set(text, known[i] as Float32Array);
    }
    while (kept.size > mostKept) kept.delete(kept.keys().next().value as string);
    return known.map((vector) => cosine(vector, asked as Float32Array));
  };
}
