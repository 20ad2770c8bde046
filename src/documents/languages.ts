import { fold } from '../folding.js';
import { lazy, once } from '../lazy.js';

/** What is known of the words of a language. */
export interface Language {
  /** Code of ISO 639-1. */
  readonly code: string;
  /** Cuts the endings off a word, so that the forms of a word are the same. It is as `fold` leaves it, without accents. */
  stem(word: string): string;
  /** Words that carry no topic, and those that questions begin with; as `fold` leaves them. */
  functionWords(): ReadonlySet<string>;
}

/** Taken for a text in which no function words are found. */
export const english: Language = {
  code: 'en',
  stem: stemEnglish,
  functionWords: listed(() =>
    (
      'a an the of in on at to for from by with as is are was were be been am do does did have has had can could may might must ' +
      'shall should will would what which who whom whose when where why how that this these those it its i you he she we they my ' +
      'your his her our their there and or if not no any about into than then much many long'
    ).split(' '),
  ),
};

/** Lists of some hundreds of words have nouns and verbs too, such as `trabajo`; the short ones among them are function words. */
const shortWords = 5;

export const languages: readonly Language[] = [
  english,
  fromPackages('ar', 'arabic', shortWords),
  fromPackages('da', 'danish'),
  fromPackages('de', 'german'),
  fromPackages('el', 'greek'),
  fromPackages('es', 'spanish', shortWords),
  fromPackages('fi', 'finnish'),
  fromPackages('fr', 'french'),
  fromPackages('hu', 'hungarian', shortWords),
  fromPackages('it', 'italian'),
  fromPackages('nl', 'dutch'),
  fromPackages('no', 'norwegian'),
  fromPackages('pt', 'portuguese'),
  fromPackages('ro', 'romanian'),
  fromPackages('ru', 'russian'),
  fromPackages('sv', 'swedish'),
  fromPackages('tr', 'turkish'),
];

/** The language with this code; English where there is none. */
export function languageWith(code: string): Language {
  return languages.find((language) => language.code === code) ?? english;
}

/**
 * A stemmer of Snowball and a list of function words.
 * @param name of the language in the packages
 * @param longest characters of its words that count as function words
 */
function fromPackages(code: string, name: string, longest = Number.POSITIVE_INFINITY): Language {
  const stemmers = lazy<typeof import('@orama/stemmers/german')>(`@orama/stemmers/${name}`);
  const lists = lazy<typeof import('@orama/stopwords/german')>(`@orama/stopwords/${name}`);
  return {
    code,
    stem: (word) => stemmers().stemmer(word) || word,
    functionWords: listed(() => lists().stopwords.filter((word) => word.length <= longest)),
  };
}

function listed(words: () => readonly string[]): () => ReadonlySet<string> {
  return once(() => new Set(words().map(fold)));
}

/** Plurals and the commonest endings, so that "days" finds "day"; it need not be right, only the same on both sides. */
function stemEnglish(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  for (const ending of ['ings', 'ing', 'edly', 'ed', 'es', 's', 'ly']) {
    if (word.length > ending.length + 3 && word.endsWith(ending) && !word.endsWith('ss'))
      return word.slice(0, -ending.length).replace(/e$/u, '');
  }
  return word.length > 4 ? word.replace(/e$/u, '') : word;
}
