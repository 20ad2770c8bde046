import { once } from './lazy.js';
import { runs, unspaced } from './scripts.js';
import { trimSpan } from './spans.js';
import type { Span } from './types.js';

/**
 * Sentences of a text, left to right, without white space around them; together they cover everything that is
 * not white space. Unicode's rules (Intl.Segmenter), corrected where they cut after an abbreviation or an
 * initial. A line end alone does not end a sentence; a blank line does, and so do the ends of a Markdown
 * heading and of a list item.
 */
export function sentences(text: string, locale?: string): Span[] {
  const segmenter = new Intl.Segmenter(locale, { granularity: 'sentence' });
  return blocks(text).flatMap((block) => {
    // Same length, so that offsets stay; Unicode would end a sentence at each line end.
    const line = text.slice(block.start, block.end).replace(/[\n\r\u0085\u2028\u2029]/g, ' ');
    const found: Span[] = [];
    for (const { start, end } of segments(segmenter, line)) {
      const span = trimSpan(text, { start: block.start + start, end: block.start + end });
      if (span === null) continue;
      const before = found[found.length - 1];
      if (before !== undefined && goesOn(text.slice(before.start, before.end), text.slice(span.start, span.end))) {
        found[found.length - 1] = { start: before.start, end: span.end };
      } else {
        found.push(span);
      }
    }
    return found;
  });
}

const stretch = 2048;

/**
 * The segments of a text, found a stretch at a time: each segment that V8 hands out comes with a copy of the
 * whole input, so that 1.6 MB in one go take minutes. The last segment of a stretch is looked at again with
 * what follows it.
 */
function* segments(segmenter: Intl.Segmenter, text: string): Iterable<Span> {
  let length = stretch;
  for (let from = 0; from < text.length; ) {
    const part = text.slice(from, from + length);
    const found = [...segmenter.segment(part)].map(({ index }) => from + index);
    const complete = from + part.length === text.length;
    if (!complete && found.length < 2) {
      length *= 4;
      continue;
    }
    const ends = [...found.slice(1), ...(complete ? [text.length] : [])];
    for (const end of ends) {
      yield { start: from, end };
      from = end;
    }
    length = stretch;
  }
}

const heading = /^ {0,3}#{1,6}(?:\s|$)/;
const listItem = /^\s*(?:[-*+•‣◦]|\d{1,3}[.)])\s+\S/;
const rule = /^\s*(?:[-=*_] ?){3,}\s*$/;
const tableRow = /^\s*\|.*\|\s*$/;

/** Parts of the text that no sentence crosses: paragraphs, headings, list items, table rows, rules. */
function blocks(text: string): Span[] {
  const found: Span[] = [];
  let open: Span | null = null;
  for (const { 0: line, index: start } of text.matchAll(/[^\n]+/g)) {
    const end = start + line.length;
    const alone = heading.test(line) || rule.test(line) || tableRow.test(line);
    const blankBefore: boolean = open === null || text.slice(open.end, start).length > 1;
    if (open !== null && !alone && !blankBefore && line.trim() !== '' && !listItem.test(line)) {
      open = { start: open.start, end };
      continue;
    }
    if (open !== null) found.push(open);
    open = line.trim() === '' ? null : { start, end };
    if (alone && open !== null) {
      found.push(open);
      open = null;
    }
  }
  if (open !== null) found.push(open);
  return found;
}

/** Before a name or another word; never the end of a sentence. */
const titles =
  'Mr|Mrs|Ms|Mx|Messrs|Dr|Prof|Rev|Hon|Gen|Col|Maj|Capt|Cmdr|Lt|Sgt|Cpl|Adm|Gov|Sen|Rep|Pres|Supt|Mme|Mlle|Hr|Fr|Frl|Sra|Srta|Mt|Ft|vs|cf|ca|approx|resp|bzw';
/** Before a number. */
const numbered = 'No|Nos|Nr|Tel|Vol|Fig|Figs|Eq|Sec|Ch|Art|p|pp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec';
/** Perhaps the end of a sentence. */
const endings = 'St|Jr|Sr|Inc|Ltd|Co|Corp|Bros|LLC|Dept|Univ|Assn|Ave|Blvd|Rd|etc|al|usw|Str|Ph\\.D';
/** Words that begin a sentence far more often than they follow an abbreviation. */
const starters =
  'The|This|That|These|Those|It|Its|He|His|She|Her|We|Our|They|Their|You|Your|I|In|On|At|By|For|From|But|And|So|However|A|An|If|When|While|As|After|Before|There|Then|What|Who|Why|How|Where|No|Not|Yes';

const endsInTitle = new RegExp(`(?<![\\p{L}\\p{N}])(?:${titles}|e\\.g|i\\.e|z\\.B|d\\.h|u\\.a)\\.$`, 'u');
const endsInNumbered = new RegExp(`(?<![\\p{L}\\p{N}])(?:${numbered})\\.$`, 'u');
const endsInEnding = new RegExp(`(?<![\\p{L}\\p{N}])(?:${endings})\\.$`, 'u');
/** `J.`, `U.S.`, `p.m.` */
const endsInInitials = /(?<![\p{L}\p{N}°])(?:\p{Lu}|\p{L}(?:\.\p{L})+)\.$/u;
const startsAnew = new RegExp(`^["'“‘(]*(?:${starters})(?![\\p{L}\\p{N}.])`, 'u');

/** `3.` before `August`: German ordinals. */
const endsInOrdinal = /(?<![\p{L}\p{N}.,])\d{1,2}\.$/u;
const germanMonth =
  /^(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Jahrhundert)s?(?![\p{L}\p{N}])/u;
/** `z.` before `B.`, `EE.` before `UU.`: abbreviations that are written with blanks. */
const endsInLetter = /(?<![\p{L}\p{N}])(?:\p{Ll}|(\p{Lu})\1)\.$/u;
const startsInLetter = /^(?:\p{L}|\p{Lu}{2}|Chr)\.(?!\p{L})/u;

/** Returns whether Unicode's rules cut one sentence in two here. */
function goesOn(before: string, after: string): boolean {
  const end = before.slice(-40);
  if (/^\d{1,3}[.)]$/.test(before)) return true;
  if (/[.!?…]["'”’»)\]]+$/u.test(end) && /^\p{Ll}/u.test(after)) return true;
  if (endsInTitle.test(end)) return true;
  if (endsInNumbered.test(end)) return /^\d/.test(after);
  if (endsInOrdinal.test(end) && germanMonth.test(after)) return true;
  // "So did I. Then": a pronoun, not an initial.
  if (/\sI\.$/u.test(end)) return false;
  if (endsInLetter.test(end) && startsInLetter.test(after)) return true;
  return (endsInInitials.test(end) || endsInEnding.test(end)) && !startsAnew.test(after);
}

/** A letter, digit or mark of the other scripts, or one of the invisible joiners and hyphens inside words. */
const letter = `(?:(?![${unspaced}])[\\p{L}\\p{M}\\p{N}_\\u200c\\u200d\\u00ad])`;
/** Characters that may join the parts of one word: Jean-Luc, AT&T, O'Brien (not 's), 1,000.50, 12:30, example.com. */
const joiner = `(?:[-‐‑&]|['’](?![sS](?!${letter}))|(?<=\\p{Nd})[.,:/](?=\\p{Nd})|\\.(?=\\p{Ll}))`;

/** Characters (UTF-16 code units) that a word may have; what is longer is data written as text, such as Base64. */
const longestWord = 10_000;

/**
 * The first word with more characters than `longest`, null where there is none. A run in a script without blanks is
 * many words.
 */
export function overlongWord(text: string, longest = longestWord): Span | null {
  if (text.length <= longest) return null;
  for (const { 0: run, index } of text.matchAll(/\S+/gu)) {
    if (run.length <= longest) continue;
    const part = runs(run).find(({ text: own, isUnspaced }) => !isUnspaced && own.length > longest)?.text;
    if (part === undefined) continue;
    const start = index + run.indexOf(part);
    return { start, end: start + part.length };
  }
  return null;
}

/** Error text for a text with a word that is too long; null where it has none. */
export function wordProblem(text: string, longest = longestWord): string | null {
  const word = overlongWord(text, longest);
  if (word === null) return null;
  return `a word of ${word.end - word.start} characters at ${word.start}: at most ${longest} are read (\`slm run --max-word\`)`;
}

const wordPattern = once(
  () =>
    new RegExp(
      [
        // Handles and tags.
        `[@#]${letter}+`,
        // The possessive, after the word that it belongs to.
        `['’][sS](?!${letter})`,
        // U.S., U.S.-led, J.K., p.m.
        `\\p{L}(?:\\.\\p{L})+(?!${letter})\\.?(?:-${letter}+)*`,
        // Abbreviations with their dot.
        `(?:${titles}|${endings})\\.(?!${letter})`,
        `(?:${numbered})\\.(?=\\s?\\p{Nd})`,
        // An initial before a name.
        `\\p{Lu}\\.(?=\\s?\\p{Lu})(?!\\s?(?:${starters})(?!${letter}))`,
        `${letter}+(?:${joiner}${letter}+)*`,
        `(?<unspaced>[${unspaced}][${unspaced}\\p{M}]*)`,
        // Flags and emoji with all that belongs to them.
        `\\p{RI}{2}`,
        `\\p{ExtPict}(?:\\p{EMod}|\\ufe0f|\\u200d\\p{ExtPict})*`,
        // Anything else: a character, or a run of the same one.
        `(?<other>\\S)\\k<other>*`,
      ].join('|'),
      'gu',
    ),
);

/**
 * Words of a text as entities need them, left to right; together they cover everything that is not white
 * space. Hyphens and apostrophes inside a name, dots of abbreviations and initials and separators in numbers
 * belong to the word; a possessive 's is a word of its own, and so is punctuation. Scripts without blanks are
 * cut by Unicode's dictionaries (Intl.Segmenter).
 */
export function words(text: string): Span[] {
  const found: Span[] = [];
  for (const { 0: word, index: start, groups } of text.matchAll(wordPattern())) {
    if (groups?.unspaced === undefined) {
      found.push({ start, end: start + word.length });
      continue;
    }
    for (const part of segments(dictionary(), word)) found.push({ start: start + part.start, end: start + part.end });
  }
  return found;
}

const dictionary = once(() => new Intl.Segmenter(undefined, { granularity: 'word' }));
const characters = once(() => new Intl.Segmenter(undefined, { granularity: 'grapheme' }));

/** The size of a text in the caller's unit, usually tokens. */
export type Measure = (text: string) => number;

/**
 * Groups of consecutive sentences, each at most `maxUnits` by `measure`, together all of them. A sentence that
 * is too long is cut between words, a word that is too long between characters; only a single code point may
 * exceed the limit. Each window repeats up to `overlap` sentences of the one before it, as far as they fit.
 */
export function windows(
  text: string,
  sentences: readonly Span[],
  maxUnits: number,
  measure: Measure,
  overlap = 0,
): Span[] {
  const known = knowingShort(measure);
  const fits = (span: Span) => known(text.slice(span.start, span.end)) <= maxUnits;
  return group(
    text,
    sentences.flatMap((sentence) =>
      fits(sentence) ? [sentence] : pieces(text, sentence, [words, graphemes, codePoints], maxUnits, known),
    ),
    maxUnits,
    known,
    overlap,
  );
}

/** Characters come again and again in a long word. */
function knowingShort(measure: Measure): Measure {
  const sizes = new Map<string, number>();
  return (text) => {
    if (text.length > 8) return measure(text);
    const size = sizes.get(text) ?? measure(text);
    sizes.set(text, size);
    return size;
  };
}

type Cut = (text: string) => Span[];

/** The span in pieces that fit, cut as coarsely as possible. */
function pieces(text: string, span: Span, cuts: readonly Cut[], maxUnits: number, measure: Measure): Span[] {
  const [cut, ...finer] = cuts;
  if (cut === undefined) return [span];
  const parts = cut(text.slice(span.start, span.end))
    .map(({ start, end }) => ({ start: span.start + start, end: span.start + end }))
    .flatMap((part) => {
      const fits = measure(text.slice(part.start, part.end)) <= maxUnits;
      return fits ? [part] : pieces(text, part, finer, maxUnits, measure);
    });
  return group(text, parts, maxUnits, measure, 0);
}

function graphemes(text: string): Span[] {
  return [...segments(characters(), text)];
}

function codePoints(text: string): Span[] {
  let start = 0;
  return [...text].map((character) => {
    const end = start + character.length;
    const span = { start, end };
    start = end;
    return span;
  });
}

/**
 * Greedy groups of consecutive units, from the start of the first to the end of the last. The sum of the units'
 * sizes says how many may fit; the size of the group itself decides, since tokens do not add up exactly.
 */
function group(text: string, units: readonly Span[], maxUnits: number, measure: Measure, overlap: number): Span[] {
  const sizes = units.map(({ start, end }) => measure(text.slice(start, end)));
  const groups: Span[] = [];
  let done = 0;
  while (done < units.length) {
    let first = Math.max(0, groups.length === 0 ? 0 : done - overlap);
    let last = grown(sizes, first, maxUnits);
    for (;;) {
      const span = spanOf(units, first, last);
      if (
        (first === done && last === done) ||
        (last >= done && measure(text.slice(span.start, span.end)) <= maxUnits)
      ) {
        groups.push(span);
        break;
      }
      if (last > done) last--;
      else {
        first++;
        last = Math.max(done, grown(sizes, first, maxUnits));
      }
    }
    done = last + 1;
  }
  return groups;
}

/** Index of the last unit such that the sizes from `first` on add up to at most `maxUnits`; at least `first`. */
function grown(sizes: readonly number[], first: number, maxUnits: number): number {
  let sum = sizes[first] ?? 0;
  let last = first;
  while (last + 1 < sizes.length && sum + (sizes[last + 1] ?? 0) <= maxUnits) sum += sizes[++last] ?? 0;
  return last;
}

function spanOf(units: readonly Span[], first: number, last: number): Span {
  return { start: units[first]?.start ?? 0, end: units[last]?.end ?? 0 };
}
