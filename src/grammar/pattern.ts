import type { Concatenation, Element, NoParent } from 'refa';
import { jsonCharacters, onlyCharacter } from './characters.js';
import { alternatives, type CodePoints, literal, type Rules, repeat, sequence } from './gbnf-writer.js';
import { both, isEnd, isStart, type Language, matching, ofLength, parsePattern, rangesOf } from './regular.js';

export interface Lengths {
  readonly min: number;
  readonly max: number;
}

export interface TextOptions extends Lengths {
  /** Whether `min` and `max` are the schema's, so that the exact lengths are worth an automaton. */
  readonly exact: boolean;
  /** Whether control characters are among any characters. */
  readonly all: boolean;
}

export interface WrittenText {
  /** The text between the quotes; null when no string matches. */
  readonly body: string | null;
  /** Whether the grammar has exactly the strings that match, but for their length. */
  readonly exact: boolean;
}

/**
 * The strings in which all patterns are found (ECMA-262, as JSON Schema reads `pattern`), as they stand between the
 * quotes of a JSON string.
 *
 * One pattern is written part by part, so that the grammar is as short as the pattern. Several, and look-ahead, become
 * one automaton. Look-behind, back-references and what needs too many states are left to the check afterwards: the
 * grammar then has more strings than the patterns. `*` and `+` end at `max`.
 */
export function patternGrammar(patterns: readonly string[], text: TextOptions, rules: Rules): WrittenText {
  const [first = '', ...more] = patterns;
  const parts = more.length === 0 ? parsed(first) : null;
  const simple = parts === null ? null : simply(parts, text, rules);
  if (simple !== null && (simple.exact || !text.exact)) return simple;
  const languages = patterns.map(matching);
  const known = languages.filter((language) => language !== null);
  const all = known.length === 0 ? null : both(known);
  if (all !== null) {
    const fitting = limited(all, text);
    const body = languageGrammar(fitting ?? all, text.all, rules);
    if (body !== undefined)
      return { body, exact: known.length === patterns.length && (fitting !== null || !text.exact) };
  }
  if (simple !== null) return simple;
  for (const pattern of patterns) {
    const loose = parsed(pattern)?.map((node) => node.items);
    if (loose !== undefined && !loose.flat().some(isTangled)) {
      const nodes = loose.map((items) => ({ kind: 'sequence' as const, items }));
      return { ...write(nodes, text, rules), exact: false };
    }
  }
  const any = repeat(rules.add('char', jsonCharacters([[0, 0x10ffff]], text.all) ?? '.'), text.min, text.max, rules);
  return { body: any, exact: false };
}

/** Characters of a string whose end only we ask for, and whose pattern is an automaton. */
const usualLength = 80;

/** The strings of a wanted length; null when that is too much to tell. */
function limited(language: Language, { min, max, exact }: TextOptions): Language | null {
  if (min === 0 && (max === Infinity || (!exact && language.isFinite))) return language;
  const lengths = ofLength(min, exact || max === Infinity ? max : Math.max(min, Math.min(max, usualLength)));
  return lengths === null ? null : both([language, lengths]);
}

/** More states than this are no grammar that anyone would want to generate by. */
const mostRules = 4000;

/** A language as right-linear rules, one a state; null for the empty one, undefined when it is too large. */
export function languageGrammar(language: Language, all: boolean, rules: Rules): string | null | undefined {
  if (language.isEmpty) return null;
  const nodes = [...language.nodes()];
  if (nodes.length > mostRules) return undefined;
  const useful = productive(nodes, language.finals);
  const names = new Map(nodes.map((node) => [node, rules.reserve('text-state')]));
  for (const node of nodes) {
    const ways = new Map<(typeof nodes)[number], CodePoints[]>();
    for (const [range, to] of node.out) {
      if (useful.has(to)) ways.set(to, [...(ways.get(to) ?? []), [range.min, range.max]]);
    }
    const written = [...ways].flatMap(([to, ranges]) => {
      const char = onlyCharacter(ranges);
      const chars = char === null ? jsonCharacters(ranges, all) : literal(char);
      return chars === null ? [] : [sequence([chars, names.get(to) ?? ''])];
    });
    const ends = language.finals.has(node) ? ['""'] : [];
    rules.define(names.get(node) ?? '', [...ends, ...written].join(' | ') || '[^\\x00-\\U0010ffff]');
  }
  return names.get(language.initial) ?? null;
}

function productive<N extends { readonly out: Iterable<[unknown, N]> }>(nodes: readonly N[], finals: ReadonlySet<N>) {
  const found = new Set<N>(finals);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const node of nodes) if ([...node.out].some(([, to]) => found.has(to))) found.add(node);
  }
  return found;
}

type Node =
  | { readonly kind: 'set'; readonly ranges: readonly CodePoints[] }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'either'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number };

interface Parsed {
  readonly items: readonly Node[];
  /** Whether an assertion was left out that is not `^` or `$` around the whole. */
  readonly loose: boolean;
}

const anything: Node = { kind: 'repeat', item: { kind: 'set', ranges: [[0, 0x10ffff]] }, min: 0, max: Infinity };

/** The top-level alternatives, with "anything" added where an anchor is missing; null for what cannot be parsed. */
function parsed(pattern: string): Parsed[] | null {
  return (
    parsePattern(pattern)
      ?.flatMap(({ elements }) => branches(elements))
      .map(branch) ?? null
  );
}

/** `^(?:a|b)$` stays one alternative; `(?:^a$|^b$)` is two. */
function branches(elements: readonly NoParent<Element>[]): (readonly NoParent<Element>[])[] {
  const [only] = elements;
  if (elements.length !== 1 || only?.type !== 'Alternation') return [elements];
  return only.alternatives.flatMap((alternative) => branches(alternative.elements));
}

function branch(elements: readonly NoParent<Element>[]): Parsed {
  const [first] = elements;
  const last = elements.at(-1);
  const open = first === undefined || !isStart(first);
  const closed = last !== undefined && isEnd(last);
  const inner = elements.slice(open ? 0 : 1, closed ? -1 : undefined);
  const found = { loose: false };
  const items = inner.map((element) => nodeOf(element, found));
  return { items: [...(open ? [anything] : []), ...flat(items), ...(closed ? [] : [anything])], loose: found.loose };
}

function nodeOf(element: NoParent<Element>, found: { loose: boolean }): Node {
  const sequenceOf = ({ elements }: NoParent<Concatenation>): Node => ({
    kind: 'sequence',
    items: flat(elements.map((inner) => nodeOf(inner, found))),
  });
  switch (element.type) {
    case 'CharacterClass':
      return { kind: 'set', ranges: rangesOf(element.characters) };
    case 'Alternation':
      return { kind: 'either', options: element.alternatives.map(sequenceOf) };
    case 'Quantifier': {
      const options = element.alternatives.map(sequenceOf);
      const [only] = options;
      const item: Node = options.length === 1 && only !== undefined ? single(only) : { kind: 'either', options };
      return { kind: 'repeat', item, min: element.min, max: element.max };
    }
    default:
      found.loose = true;
      return { kind: 'sequence', items: [] };
  }
}

const single = (node: Node): Node =>
  node.kind === 'sequence' && node.items.length === 1 && node.items[0] !== undefined ? node.items[0] : node;

/** Sequences in sequences become one. */
function flat(items: readonly Node[]): Node[] {
  return items.flatMap((item) => (item.kind === 'sequence' ? item.items : [item]));
}

/** The pattern as it is written; null when something in it needs an automaton. */
function simply(parts: readonly Parsed[], text: TextOptions, rules: Rules): WrittenText | null {
  if (parts.some(({ loose, items }) => loose || items.some(isTangled))) return null;
  const fitted = parts.map(({ items }) => fit({ kind: 'sequence', items }, text));
  const nodes = fitted.flatMap((found) => (found === null ? [] : [found.node]));
  return { body: write(nodes, text, rules).body, exact: fitted.every((found) => found === null || found.exact) };
}

/**
 * Whether a repetition stands in a repetition with nothing between that tells them apart (`([a-z]*)*`): llama.cpp
 * would follow each way of dividing a text, which takes for ever. An automaton has one way.
 */
function isTangled(node: Node): boolean {
  if (node.kind === 'set') return false;
  if (node.kind === 'sequence') return node.items.some(isTangled);
  if (node.kind === 'either') return node.options.some(isTangled);
  const { min, max } = lengthOf(node.item);
  return (node.max > 2 && min <= 1 && max > 1) || isTangled(node.item);
}

function write(nodes: readonly Node[], text: TextOptions, rules: Rules): { body: string | null } {
  const bodies = nodes.map((node) => writeNode(node, text, rules)).filter((body) => body !== null);
  return { body: bodies.length === 0 ? null : alternatives(bodies) };
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

/** Narrows the one part that varies in length so that the whole has the wanted length; null when none has. */
function fit(node: Node, lengths: Lengths): { node: Node; exact: boolean } | null {
  const own = lengthOf(node);
  if (own.max < lengths.min || own.min > lengths.max) return null;
  if (own.min >= lengths.min && own.max <= lengths.max) return { node, exact: true };
  if (node.kind !== 'sequence') return { node, exact: false };
  const varying = node.items.filter((item) => lengthOf(item).min !== lengthOf(item).max);
  const [only] = varying;
  if (varying.length !== 1 || only?.kind !== 'repeat') return { node, exact: false };
  const width = lengthOf(only.item);
  if (width.min !== width.max || width.min === 0) return { node, exact: false };
  const fixed = own.min - lengthOf(only).min;
  const min = Math.max(only.min, Math.ceil((lengths.min - fixed) / width.min));
  const max = Math.min(only.max, Math.floor((lengths.max - fixed) / width.min));
  if (min > max) return null;
  const items = node.items.map((item) => (item === only ? { ...only, min, max } : item));
  return { node: { kind: 'sequence', items }, exact: true };
}

/** Null when the node holds a class without any character. */
function writeNode(node: Node, text: TextOptions, rules: Rules): string | null {
  switch (node.kind) {
    case 'set': {
      const char = onlyCharacter(node.ranges);
      return char === null ? jsonCharacters(node.ranges, text.all) : literal(char);
    }
    case 'either': {
      const options = node.options.map((option) => writeNode(option, text, rules)).filter((option) => option !== null);
      return options.length === 0 ? null : alternatives(options);
    }
    case 'repeat': {
      if (node.max === 0) return '';
      const item = writeNode(node.item, text, rules);
      if (item === null) return node.min === 0 ? '' : null;
      if (item === '') return '';
      const max = text.max === Infinity ? node.max : Math.max(node.min, Math.min(node.max, text.max));
      const one = /^(\[[^\]]*\]|"[^"\\]")$/.test(item) ? item : rules.add('part', item);
      return repeat(one, node.min, max, rules);
    }
    case 'sequence': {
      const parts: string[] = [];
      let chars = '';
      for (const item of node.items) {
        const char = item.kind === 'set' ? onlyCharacter(item.ranges) : null;
        if (char !== null) {
          chars += char;
          continue;
        }
        if (chars !== '') parts.push(literal(chars));
        chars = '';
        const part = writeNode(item, text, rules);
        if (part === null) return null;
        parts.push(part);
      }
      if (chars !== '') parts.push(literal(chars));
      return sequence(parts);
    }
  }
}
