import { foldedRuns } from '../folding.js';

const hangul = /\p{Script=Hangul}/u;

/** Words of a question that say what it is about. */
export function contentTerms(text: string): string[] {
  return terms(text).filter((term) => !questionWords.has(term));
}

/** Function words and question words carry no topic; stemmed like everything else. */
const questionWords = new Set(
  (
    'a an the of in on at to for from by with as is are was were be been am do does did have has had can could may might must ' +
    'shall should will would what which who whom whose when where why how that this these those it its i you he she we they my ' +
    'your his her our their there and or if not no any about into than then much many long'
  )
    .split(' ')
    .flatMap(terms),
);

/** Search terms of a text: its words without case, accents and endings. */
export function terms(text: string): string[] {
  return foldedRuns(text).flatMap((run) =>
    // Pairs of characters find what whole runs would miss: there are no blanks, or endings follow each other, as in Korean.
    run.isUnspaced || hangul.test(run.text) ? pairs(run.text) : [stem(run.text)],
  );
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}

/** Plurals and the commonest endings, so that "days" finds "day"; it need not be right, only the same on both sides. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  for (const ending of ['ings', 'ing', 'edly', 'ed', 'es', 's', 'ly']) {
    if (word.length > ending.length + 3 && word.endsWith(ending) && !word.endsWith('ss'))
      return word.slice(0, -ending.length).replace(/e$/u, '');
  }
  return word.length > 4 ? word.replace(/e$/u, '') : word;
}
