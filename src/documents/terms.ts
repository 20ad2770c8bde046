import { foldedRuns } from '../folding.js';
import { onceEach } from '../lazy.js';
import type { Run } from '../scripts.js';
import { languageOfQuestion } from './language-of.js';
import { english, type Language } from './languages.js';

const hangul = /\p{Script=Hangul}/u;

/** Search terms of a text: its words without case, accents and the endings of a language. */
export function terms(text: string, language: Language = english): string[] {
  return foldedRuns(text).flatMap((word) => termsOf(word, language));
}

/**
 * Terms of the words of a question that say what it is about.
 * @param language of the question
 * @param searched language of the texts that these terms are for
 */
export function contentTerms(question: string, language: Language = english, searched: Language = language): string[] {
  const functionTerms = functionTermsOf(language);
  const isFunctionWord = (word: Run) => termsOf(word, language).every((term) => functionTerms.has(term));
  return foldedRuns(question)
    .filter((word) => !isFunctionWord(word))
    .flatMap((word) => termsOf(word, searched));
}

/** Terms of a question for documents in several languages. */
export interface AskedTerms {
  /** Those that documents are searched for. */
  readonly searched: readonly string[];
  /** Those that are compared with documents in one language. */
  in(language: Language): string[];
}

/**
 * Documents are searched for terms in the language of the question; where that is none of theirs, or nothing tells it,
 * for its terms in all of theirs.
 * @param languages of the documents, one at least
 */
export function askedTerms(question: string, languages: readonly Language[]): AskedTerms {
  const own = languageOfQuestion(question, languages);
  const inLanguage = (language: Language) => contentTerms(question, own ?? language, language);
  const [first, ...others] = own !== undefined && languages.includes(own) ? [own] : languages;
  const main = inLanguage(first as Language);
  const searched = others.length === 0 ? main : [...new Set([...main, ...others.flatMap(inLanguage)])];
  return { searched, in: inLanguage };
}

const functionTermsOf = onceEach(
  (language: Language) => new Set([...language.functionWords()].flatMap((word) => terms(word, language))),
);

/** Pairs of characters find what whole runs would miss: there are no blanks, or endings follow each other, as in Korean. */
function termsOf({ text, isUnspaced }: Run, { stem }: Language): string[] {
  return isUnspaced || hangul.test(text) ? pairs(text) : [stem(text)];
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}
