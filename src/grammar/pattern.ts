import {
  alternatives,
  type CodePoints,
  charClass,
  createRules,
  literal,
  type Rules,
  repeat,
  sequence,
} from './gbnf-writer.js';

/** Why a pattern cannot be translated; `at` is the 0-based code point in it. */
class PatternProblem extends Error {
  override readonly name = 'PatternProblem';
}

export interface Lengths {
  readonly min: number;
  readonly max: number;
}

/**
 * The strings that match a regular expression (ECMA-262 with the `u` flag, as JSON Schema reads `pattern`), written as
 * they stand between the quotes of a JSON string. Without `^` and `$`, anything may stand before and after.
 *
 * Translated: literals, `.`, classes, `\d \w \s`, groups, `|`, quantifiers, `^` and `$` around the whole or around a
 * top-level alternative. Not translated, with a PatternProblem: look-around, back-references, `\b`, `\p{…}`, anchors
 * elsewhere. `*` and `+` end at `lengths.max`. The lengths are kept exactly where a single part of an alternative
 * varies in length (`^[A-Z]{2}[0-9]+$`); otherwise the validation afterwards finds strings that are too short or
 * too long. Null when no string of that length can match.
 */
export function patternGrammar(pattern: string, lengths: Lengths, rules: Rules): string | null {
  const options: string[] = [];
  for (const node of parsePattern(pattern)) {
    const fitted = fit(node, lengths);
    if (fitted !== null) options.push(write(fitted, lengths.max, rules));
  }
  return options.length === 0 ? null : alternatives(options);
}

/** Throws a PatternProblem when the pattern cannot be translated. */
export function checkPattern(pattern: string): void {
  for (const node of parsePattern(pattern)) write(node, 1, createRules());
}

/**
 * One character out of `ranges` as it stands in a JSON string. The rarer control characters, which need `\\u00XX`, are
 * left out unless there is nothing else.
 */
function jsonCharacters(ranges: readonly CodePoints[]): string {
  const raw = subtract(ranges, notRaw);
  const escaped = [...jsonEscapes]
    .filter(([codePoint]) => contains(ranges, codePoint))
    .map(([, text]) => literal(text));
  if (raw.length > 0 || escaped.length > 0)
    return alternatives([...(raw.length === 0 ? [] : [charClass(raw)]), ...escaped]);
  const rare = [...Array(0x20).keys(), 0x7f].filter((codePoint) => contains(ranges, codePoint));
  if (rare.length === 0) throw new PatternProblem('A class without any character that JSON text can hold');
  return alternatives(rare.map((codePoint) => literal(`\\u${codePoint.toString(16).padStart(4, '0')}`)));
}

type Node =
  | { readonly kind: 'set'; readonly ranges: readonly CodePoints[] }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'either'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number };

const lastCodePoint = 0x10ffff;
const surrogates: CodePoints = [0xd800, 0xdfff];
/** What cannot stand in a JSON string as it is. DEL is legal there but a control character all the same. */
const notRaw: readonly CodePoints[] = [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], [0x7f, 0x7f], surrogates];
const jsonEscapes: ReadonlyMap<number, string> = new Map(
  ['"', '\\', '\b', '\f', '\n', '\r', '\t'].map((char) => [char.charCodeAt(0), JSON.stringify(char).slice(1, -1)]),
);
const digits: readonly CodePoints[] = [[0x30, 0x39]];
const wordCharacters: readonly CodePoints[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const spaces: readonly CodePoints[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const lineEnds: readonly CodePoints[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const anything: Node = { kind: 'repeat', item: { kind: 'set', ranges: [[0, lastCodePoint]] }, min: 0, max: Infinity };

/** The top-level alternatives, with "anything" added where an anchor is missing. */
function parsePattern(pattern: string): Node[] {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    throw new PatternProblem(error instanceof Error ? error.message : String(error));
  }
  const chars = [...pattern];
  let at = 0;
  const fail = (what: string): never => {
    throw new PatternProblem(`${what} (character ${at + 1} of "${pattern}") cannot be turned into a grammar`);
  };
  const take = (text: string): boolean => {
    if (chars.slice(at, at + text.length).join('') !== text) return false;
    at += text.length;
    return true;
  };

  const options = (): Node => {
    const found = [items()];
    while (take('|')) found.push(items());
    return found.length === 1 ? (found[0] ?? { kind: 'sequence', items: [] }) : { kind: 'either', options: found };
  };
  const items = (): Node => {
    const found: Node[] = [];
    while (at < chars.length && chars[at] !== '|' && chars[at] !== ')') {
      if (chars[at] === '^' || chars[at] === '$') {
        if (chars[at] === '$' && depth === 0 && (at + 1 === chars.length || chars[at + 1] === '|')) break;
        fail('An anchor that is not at the beginning or the end');
      }
      found.push(quantified(atom()));
    }
    return { kind: 'sequence', items: found };
  };
  let depth = 0;
  const atom = (): Node => {
    if (chars[at] === '(') return group();
    if (chars[at] === '[') return { kind: 'set', ranges: characterClass() };
    if (take('.')) return { kind: 'set', ranges: complement(lineEnds) };
    if (chars[at] === '\\') return { kind: 'set', ranges: escaped() };
    const codePoint = chars[at++]?.codePointAt(0) ?? 0;
    return { kind: 'set', ranges: [[codePoint, codePoint]] };
  };
  const group = (): Node => {
    if (/^\(\?(?:[=!]|<[=!])/.test(chars.slice(at, at + 4).join(''))) fail('Look-ahead or look-behind');
    take('(');
    if (take('?')) {
      if (chars[at] === '<') at = chars.indexOf('>', at) + 1;
      else if (!take(':')) fail('A group with flags');
    }
    depth++;
    const inner = options();
    depth--;
    take(')');
    return inner;
  };
  const quantified = (item: Node): Node => {
    const counts = /^\{(\d+)(,(\d*))?\}/.exec(chars.slice(at, at + 24).join(''));
    let [min, max] = [1, 1];
    if (counts !== null) {
      min = Number(counts[1]);
      max = counts[2] === undefined ? min : counts[3] === '' ? Infinity : Number(counts[3]);
      at += counts[0].length;
    } else if (take('*')) [min, max] = [0, Infinity];
    else if (take('+')) [min, max] = [1, Infinity];
    else if (take('?')) [min, max] = [0, 1];
    else return item;
    take('?'); // A lazy quantifier matches the same strings.
    return { kind: 'repeat', item, min, max };
  };
  const hex = (length: number): number => {
    const value = Number.parseInt(chars.slice(at, at + length).join(''), 16);
    at += length;
    return value;
  };
  const escaped = (): readonly CodePoints[] => {
    const start = at;
    at++;
    const char = chars[at++] ?? '';
    const one = (codePoint: number): readonly CodePoints[] => [[codePoint, codePoint]];
    const sets: Readonly<Record<string, readonly CodePoints[]>> = { d: digits, w: wordCharacters, s: spaces };
    const named: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 };
    const set = sets[char.toLowerCase()];
    if (set !== undefined) return char === char.toLowerCase() ? set : complement(set);
    if (named[char] !== undefined) return one(named[char]);
    if (char === 'x') return one(hex(2));
    if (char === 'u' && take('{')) {
      const end = chars.indexOf('}', at);
      const value = hex(end - at);
      at++;
      return one(value);
    }
    if (char === 'u') {
      const unit = hex(4);
      if (unit < 0xd800 || unit > 0xdbff || !take('\\u')) return one(unit);
      return one((unit - 0xd800) * 0x400 + (hex(4) - 0xdc00) + 0x10000);
    }
    if (/[A-Za-z1-9]/.test(char)) {
      at = start;
      const what: Readonly<Record<string, string>> = {
        b: 'A word boundary',
        p: 'A Unicode property',
        P: 'A Unicode property',
      };
      fail(what[char] ?? (/[1-9k]/.test(char) ? 'A back-reference' : `\\${char}`));
    }
    return one(char.codePointAt(0) ?? 0);
  };
  const characterClass = (): readonly CodePoints[] => {
    at++;
    const negated = take('^');
    const ranges: CodePoints[] = [];
    const member = (): readonly CodePoints[] => {
      if (take('\\b')) return [[8, 8]];
      if (chars[at] === '\\') return escaped();
      const codePoint = chars[at++]?.codePointAt(0) ?? 0;
      return [[codePoint, codePoint]];
    };
    while (!take(']')) {
      const low = member();
      if (chars[at] === '-' && chars[at + 1] !== ']') {
        at++;
        ranges.push([low[0]?.[0] ?? 0, member()[0]?.[0] ?? 0]);
      } else ranges.push(...low);
    }
    return negated ? complement(ranges) : tidy(ranges);
  };

  const found: Node[] = [];
  do {
    const open = !take('^');
    const inner = items();
    const closed = take('$');
    if (chars[at] === ')') fail('A closing parenthesis');
    found.push({ kind: 'sequence', items: [...(open ? [anything] : []), inner, ...(closed ? [] : [anything])] });
  } while (take('|'));
  return found.map(flatten);
}

/** Sequences in sequences become one. */
function flatten(node: Node): Node {
  if (node.kind !== 'sequence') return node;
  const items = node.items.flatMap((item) => {
    const flat = flatten(item);
    return flat.kind === 'sequence' ? flat.items : [flat];
  });
  return { kind: 'sequence', items };
}

function lengthOf(node: Node): Lengths {
  switch (node.kind) {
    case 'set':
      return { min: 1, max: 1 };
    case 'sequence':
      return node.items
        .map(lengthOf)
        .reduce((a, b) => ({ min: a.min + b.min, max: a.max + b.max }), { min: 0, max: 0 });
    case 'either': {
      const all = node.options.map(lengthOf);
      return { min: Math.min(...all.map((l) => l.min)), max: Math.max(...all.map((l) => l.max)) };
    }
    case 'repeat': {
      const item = lengthOf(node.item);
      return { min: item.min * node.min, max: item.max === 0 || node.max === 0 ? 0 : item.max * node.max };
    }
  }
}

/** Narrows the one part that varies in length so that the whole has the wanted length; see `patternGrammar`. */
function fit(node: Node, lengths: Lengths): Node | null {
  const own = lengthOf(node);
  if (own.max < lengths.min || own.min > lengths.max) return null;
  if ((own.min >= lengths.min && own.max <= lengths.max) || node.kind !== 'sequence') return node;
  const varying = node.items.filter((item) => lengthOf(item).min !== lengthOf(item).max);
  const [only] = varying;
  if (varying.length !== 1 || only?.kind !== 'repeat') return node;
  const width = lengthOf(only.item);
  if (width.min !== width.max || width.min === 0) return node;
  const fixed = own.min - lengthOf(only).min;
  const min = Math.max(only.min, Math.ceil((lengths.min - fixed) / width.min));
  const max = Math.min(only.max, Math.floor((lengths.max - fixed) / width.min));
  if (min > max) return null;
  return { kind: 'sequence', items: node.items.map((item) => (item === only ? { ...only, min, max } : item)) };
}

function write(node: Node, limit: number, rules: Rules): string {
  switch (node.kind) {
    case 'set':
      return writeSet(node.ranges);
    case 'either':
      return alternatives(node.options.map((option) => write(option, limit, rules)));
    case 'repeat': {
      const item = write(node.item, limit, rules);
      if (item === '' || node.max === 0) return '';
      const single = /^(\[[^\]]*\]|"[^"\\]")$/.test(item) ? item : rules.add('part', item);
      return repeat(single, node.min, Math.max(node.min, Math.min(node.max, limit)), rules);
    }
    case 'sequence': {
      const parts: string[] = [];
      let text = '';
      for (const item of node.items) {
        const char = item.kind === 'set' ? onlyCharacter(item.ranges) : null;
        if (char !== null) {
          text += char;
          continue;
        }
        if (text !== '') parts.push(literal(text));
        text = '';
        parts.push(write(item, limit, rules));
      }
      if (text !== '') parts.push(literal(text));
      return sequence(parts);
    }
  }
}

function writeSet(ranges: readonly CodePoints[]): string {
  const char = onlyCharacter(ranges);
  return char === null ? jsonCharacters(ranges) : literal(char);
}

/** The JSON text of the only character of a set, or null. */
function onlyCharacter(ranges: readonly CodePoints[]): string | null {
  const [range] = ranges;
  if (ranges.length !== 1 || range === undefined || range[0] !== range[1]) return null;
  return JSON.stringify(String.fromCodePoint(range[0])).slice(1, -1);
}

function tidy(ranges: readonly CodePoints[]): CodePoints[] {
  const result: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const previous = result.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else result.push([first, last]);
  }
  return result;
}

function complement(ranges: readonly CodePoints[]): CodePoints[] {
  const result: CodePoints[] = [];
  let next = 0;
  for (const [first, last] of tidy(ranges)) {
    if (first > next) result.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= lastCodePoint) result.push([next, lastCodePoint]);
  return result;
}

function subtract(ranges: readonly CodePoints[], without: readonly CodePoints[]): CodePoints[] {
  return complement([...complement(ranges), ...without]);
}

function contains(ranges: readonly CodePoints[], codePoint: number): boolean {
  return ranges.some(([first, last]) => first <= codePoint && codePoint <= last);
}
