import { foldedRuns } from '../folding.js';
import { once } from '../lazy.js';
import { english, type Language, languages } from './languages.js';

/** Parts of a text that are looked at, evenly over it, and characters of each: a document may begin in another language. */
const looked = { parts: 8, characters: 300 };

/** A text in a language that is not here has less of the function words of any; one of these, hardly ever. */
const leastShare = 0.08;

/** How many languages have a word among their function words: what many have, such as "de", says little. */
const shared = once(() => {
  const counts = new Map<string, number>();
  for (const { functionWords } of languages)
    for (const word of functionWords()) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
});

/** The language of a document; English where it is in another one than these. */
export function languageOfDocument(text: string): Language {
  const words = wordsOf(partsOf(text));
  const [best] = byFunctionWords(words, languages) as [Counted];
  return best.found < leastShare * words.length ? english : best.language;
}

/**
 * The language of a question: one of those of the documents, unless its function words are clearly those of another one.
 * Undefined where it has none.
 */
export function languageOfQuestion(text: string, ofDocuments: readonly Language[]): Language | undefined {
  const words = wordsOf(text);
  const [likely] = byFunctionWords(words, ofDocuments);
  const [other] = byFunctionWords(words, languages) as [Counted];
  const best = likely === undefined || other.weight > clearly.times * likely.weight + clearly.words ? other : likely;
  return best.weight === 0 ? undefined : best.language;
}

/** So many times as many function words, and one more: `Die Hard` and `Los Angeles` are no question in German or Spanish. */
const clearly = { times: 2, words: 1 };

interface Counted {
  readonly language: Language;
  /** Function words, each shared out among the languages that have it. */
  readonly found: number;
  /** The same, where a word counts less each further time: six times "Los Angeles" make no text Spanish. */
  readonly weight: number;
}

/** The likeliest first; where they are equal, in the given order. */
function byFunctionWords(words: readonly string[], among: readonly Language[]): Counted[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return among
    .map((language) => {
      const own = language.functionWords();
      let [found, weight] = [0, 0];
      for (const [word, count] of counts) {
        if (!own.has(word)) continue;
        const share = 1 / (shared().get(word) as number);
        found += share * count;
        weight += share * Math.sqrt(count);
      }
      return { language, found, weight };
    })
    .sort((a, b) => b.weight - a.weight);
}

function wordsOf(text: string): string[] {
  return foldedRuns(text).map((run) => run.text);
}

function partsOf(text: string): string {
  const { parts, characters } = looked;
  if (text.length <= parts * characters) return text;
  const step = (text.length - characters) / (parts - 1);
  return Array.from({ length: parts }, (_, i) => text.slice(i * step, i * step + characters)).join(' ');
}

/** Languages of documents, each once and the commonest first; English where there are none. */
export function commonestFirst(counts: ReadonlyMap<Language, number>): Language[] {
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).map(([language]) => language);
  return sorted.length === 0 ? [english] : sorted;
}
