import { type Item, parseGrammar } from './gbnf.js';

/** The places, in code points, at which a part of a grammar can end if it begins at one of the given places. */
type Ends = (item: Item, starts: ReadonlySet<number>) => Set<number>;

/**
 * Whether a text is one that a grammar gives. True also where that cannot be told: the grammar names tokens of a
 * model, or the text is so long that rules would call each other too deeply.
 * @param source GBNF that `checkGrammar` finds nothing wrong with
 */
export function grammarMatcher(source: string): (text: string) => boolean {
  const rules = parseGrammar(source);
  const characterOf = matcherOfTexts();
  return (text) => {
    const characters = [...text];
    const known = new Map<string, Set<number>>();
    const endsOfOptions = (options: readonly Item[][], starts: ReadonlySet<number>): Set<number> =>
      new Set(
        options.flatMap((items) => [...items.reduce<Set<number>>((at, item) => ends(item, at), new Set(starts))]),
      );
    const endsOfRule = (name: string, start: number): Set<number> => {
      const key = `${name} ${start}`;
      const found = known.get(key) ?? endsOfOptions(rules.get(name)?.options ?? [], new Set([start]));
      known.set(key, found);
      return found;
    };
    const ends: Ends = (item, starts) => {
      if (item.kind === 'group') return endsOfOptions(item.options, starts);
      if (item.kind === 'rule') return new Set([...starts].flatMap((start) => [...endsOfRule(item.name, start)]));
      if (item.kind === 'repeated') return repeated(item, starts, ends);
      const length = characterOf(item.source);
      return new Set([...starts].flatMap((start) => length(characters, start) ?? []));
    };
    try {
      return endsOfRule('root', 0).has(characters.length);
    } catch (error) {
      if (error instanceof CannotTell || error instanceof RangeError) return true;
      throw error;
    }
  };
}

class CannotTell extends Error {}

function repeated({ item, min, max }: Item & { kind: 'repeated' }, starts: ReadonlySet<number>, ends: Ends) {
  const found = new Set(min === 0 ? starts : []);
  let at: Set<number> = new Set(starts);
  const seen = new Set<number>(starts);
  for (let times = 1; times <= max && at.size > 0; times++) {
    at = ends(item, at);
    if (times >= min) {
      for (const end of at) found.add(end);
      // Once enough repetitions are there, an end that was seen before leads nowhere else.
      if (times > min) at = new Set([...at].filter((end) => !seen.has(end)));
      for (const end of at) seen.add(end);
    }
  }
  return found;
}

/** Matches a text, class, `.` or token as it is written; the place after it, or null where it does not fit. */
type Matches = (characters: readonly string[], start: number) => number | null;

function matcherOfTexts(): (source: string) => Matches {
  const made = new Map<string, Matches>();
  return (source) => {
    const known = made.get(source) ?? matches(source);
    made.set(source, known);
    return known;
  };
}

function matches(source: string): Matches {
  if (source === '.') return (characters, start) => (start < characters.length ? start + 1 : null);
  if (source.startsWith('"')) {
    const wanted = unescaped(source.slice(1, -1)).map(({ character }) => character);
    return (characters, start) =>
      wanted.every((character, i) => characters[start + i] === character) ? start + wanted.length : null;
  }
  if (!source.startsWith('[')) throw new CannotTell();
  const negated = source.startsWith('[^');
  const parts = unescaped(source.slice(negated ? 2 : 1, -1));
  const ranges: (readonly [number, number])[] = [];
  for (let i = 0; i < parts.length; i++) {
    const first = codeOf(parts[i]);
    const isRange = parts[i + 1]?.character === '-' && parts[i + 1]?.escaped === false && i + 2 < parts.length;
    ranges.push([first, isRange ? codeOf(parts[i + 2]) : first]);
    if (isRange) i += 2;
  }
  return (characters, start) => {
    const code = characters[start]?.codePointAt(0);
    if (code === undefined) return null;
    return ranges.some(([first, last]) => first <= code && code <= last) === negated ? null : start + 1;
  };
}

interface Character {
  readonly character: string;
  readonly escaped: boolean;
}

function codeOf(character: Character | undefined): number {
  return character?.character.codePointAt(0) ?? 0;
}

function unescaped(text: string): Character[] {
  const found = text.matchAll(
    /\\(?:x(?<x>[0-9a-fA-F]{2})|u(?<u>[0-9a-fA-F]{4})|U(?<U>[0-9a-fA-F]{8})|(?<sign>.))|./gsu,
  );
  return Array.from(found, ({ 0: whole, groups }) => {
    const code = groups?.x ?? groups?.u ?? groups?.U;
    if (code !== undefined) return { character: String.fromCodePoint(Number.parseInt(code, 16)), escaped: true };
    const sign = groups?.sign;
    if (sign === undefined) return { character: whole, escaped: false };
    return { character: { t: '\t', r: '\r', n: '\n' }[sign] ?? sign, escaped: true };
  });
}
