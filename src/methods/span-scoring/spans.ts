import type { Span } from '../../types.js';

/**
 * English words that open a sentence or join names without being one. Only for proposing candidate spans: what is
 * proposed is scored by the model, what is not proposed cannot be found.
 */
const functionWords = new Set(
  (
    'a an the this that these those there here it its he she they we you i my your his her our their what which who ' +
    'whom whose when where why how if but and or nor so yet for of in on at by to from with without after before ' +
    'during since until while although though because as than then also however moreover meanwhile not no yes all ' +
    'any both each every few many most much some such only own same is are was were be been being am do does did ' +
    'have has had can could may might must shall should will would let please just even still once over under ' +
    'between through about against into out up down off again further'
  ).split(' '),
);
const connectors = new Set([
  'of',
  'the',
  'de',
  'da',
  'do',
  'del',
  'della',
  'di',
  'du',
  'des',
  'la',
  'le',
  'las',
  'los',
  'van',
  'von',
  'der',
  'den',
  'bin',
  'ibn',
  'al',
  'el',
  'and',
  'for',
  'y',
  'e',
  '&',
  '’s',
  "'s",
  '-',
  '/',
]);
const longestName = 8;

/**
 * Spans that look like names: runs of words that begin with a capital or a digit within a name, or are written in a
 * script without capitals beside Latin text, joined over words such as "of" and "&". Each run is proposed whole and, where it is joined, in
 * its parts.
 * @param words the words of the text, in order, without overlaps
 */
export function nameCandidates(text: string, words: readonly Span[]): Span[] {
  const content = words.map((word) => text.slice(word.start, word.end));
  const found = new Map<string, Span>();
  const add = (first: number, last: number) => {
    const span = { start: (words[first] as Span).start, end: (words[last] as Span).end };
    if (last - first < longestName) found.set(`${span.start} ${span.end}`, span);
  };
  for (let at = 0; at < words.length; at++) {
    if (!isNameLike(content[at] as string)) continue;
    let last = at;
    const joints: number[] = [];
    for (;;) {
      const next = content[last + 1];
      const afterNext = content[last + 2];
      if (next !== undefined && isNameLike(next)) last += 1;
      else if (next !== undefined && afterNext !== undefined && connectors.has(next) && isNameLike(afterNext)) {
        joints.push(last + 1);
        last += 2;
      } else break;
    }
    add(at, last);
    let start = at;
    for (const joint of joints) {
      if (joint - 1 >= start) add(start, joint - 1);
      start = joint + 1;
    }
    if (joints.length > 0 && start <= last) add(start, last);
    at = last;
  }
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Every run of up to `longest` words that neither begins nor ends with a function word or punctuation. */
export function phraseCandidates(text: string, words: readonly Span[], longest: number): Span[] {
  const edge = words.map((word) => {
    const content = text.slice(word.start, word.end);
    return /[\p{L}\p{N}]/u.test(content) && !functionWords.has(content.toLowerCase());
  });
  const inner = words.map((word) => /[\p{L}\p{N}&'’-]/u.test(text.slice(word.start, word.end)));
  const found: Span[] = [];
  for (let first = 0; first < words.length; first++) {
    if (!edge[first]) continue;
    for (let last = first; last < Math.min(words.length, first + longest) && inner[last]; last++) {
      if (edge[last]) found.push({ start: (words[first] as Span).start, end: (words[last] as Span).end });
    }
  }
  return found;
}

function isNameLike(word: string): boolean {
  if (functionWords.has(word.toLowerCase()) && !/^\p{Lu}{2,}$/u.test(word)) return false;
  return (
    /^[\p{Lu}\p{Lt}]/u.test(word) ||
    /^(?=.*\p{Lo})[\p{Lo}\p{M}\p{N}ー]+$/u.test(word) ||
    /^\p{Ll}{1,2}[\p{Lu}]/u.test(word)
  );
}
