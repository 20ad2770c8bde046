import { z } from 'zod';
import { lazy } from '../lazy.js';
import {
  compilePrompt,
  type FewShotExample,
  fieldText,
  type PromptModel,
  type PromptOptions,
  type PromptRenderer,
} from '../prompt.js';
import type { TaskProfile } from '../types.js';
import { contentTerms } from './passages.js';

/** Which examples stand in a prompt: the same ones always, or those that are most like the text. */
export const exampleChoice = z
  .enum(['first', 'nearest'])
  .default('first')
  .describe(
    '`first`: the same examples for all texts. `nearest`: those most like the text by BM25, the most similar one last; many more tokens a record.',
  );

const MiniSearch = lazy<typeof import('minisearch').default>('minisearch');

/**
 * A prompt with those of the examples that are most like its text, by BM25, the likest one last. A text is no example
 * for itself, so that what is fitted on the examples holds for other texts. The likest examples: J. Liu et al., "What
 * Makes Good In-Context Examples for GPT-3?", 2022; S. Robertson, H. Zaragoza, "The Probabilistic Relevance
 * Framework: BM25 and Beyond", 2009.
 * @param pool what may stand in prompts; the first of it where too few share a word with the text
 */
export function nearestRenderer(
  profile: TaskProfile,
  model: PromptModel,
  pool: readonly FewShotExample[],
  count: number,
  { keepLines = false }: Pick<PromptOptions, 'keepLines'> = {},
): PromptRenderer {
  const texts = pool.map(({ fields }) => fieldText(fields[profile.input], false));
  const nearest = nearestTo(texts);
  return (fields) => {
    const text = fieldText(fields[profile.input], false);
    const shots = nearest(text, count).map((i) => pool[i] as FewShotExample);
    const { prefix, input, separator } = compilePrompt(profile, model, { shots, keepLines })(fields);
    // Examples change from text to text: they are no prefix that is kept.
    const shared = prefix.findIndex(({ field }) => field !== null);
    const kept = shared === -1 ? prefix.length : shared;
    return { prefix: prefix.slice(0, kept), input: [...prefix.slice(kept), ...input], separator };
  };
}

/** The longest prompt around a text that the pool can make. */
export function longestExamples(
  profile: TaskProfile,
  pool: readonly FewShotExample[],
  count: number,
): FewShotExample[] {
  const length = ({ fields }: FewShotExample) => fieldText(fields[profile.input], false).length;
  return [...pool].sort((a, b) => length(b) - length(a)).slice(0, count);
}

/** Finds the texts that are most like another one, the likest last; those that say the same are left out. */
export function nearestTo(texts: readonly string[]): (text: string, count: number) => number[] {
  const Index = MiniSearch();
  const index = new Index<{ id: number; text: string }>({
    fields: ['text'],
    tokenize: (text) => contentTerms(text),
    processTerm: (term) => term,
    searchOptions: { bm25: { k: 1.2, b: 0.75, d: 0 } },
  });
  index.addAll(texts.map((text, id) => ({ id, text })));
  return (text, count) => {
    const found = index.search(text).map(({ id }) => id as number);
    const seen = new Set(found);
    const others = Array.from(texts.keys()).filter((id) => !seen.has(id));
    const ranked = [...found, ...others].filter((id) => texts[id] !== text);
    return ranked.slice(0, count).reverse();
  };
}
