import type { CharSet, Concatenation, DFA, Element, NFA, NoParent, Quantifier } from 'refa';
import { lazy } from '../lazy.js';
import { lastCodePoint } from './characters.js';
import type { CodePoints } from './gbnf-writer.js';
import { regExpOf } from './reg-exp.js';

const refa = lazy<typeof import('refa')>('refa');

type Alternatives = readonly NoParent<Concatenation>[];

/** A regular expression as a tree over code points, read as ECMA-262 does; null when it has back-references. */
export function parsePattern(source: string): Alternatives | null {
  const { JS } = refa();
  const parser = JS.Parser.fromLiteral(regExpOf(source));
  try {
    const { expression } = parser.parse({ backreferences: 'throw', assertions: 'parse', maxNodes: 10_000 });
    return wide(expression.alternatives);
  } catch {
    return null;
  }
}

/** Without the `u` flag, sets are of UTF-16 units; one that holds all halves of pairs means whole characters. */
function wide(alternatives: Alternatives): Alternatives {
  const { CharSet } = refa();
  const set = (old: CharSet): CharSet => {
    if (old.maximum === lastCodePoint) return old;
    const ranges = old.ranges.map(({ min, max }) => ({ min, max }));
    if (old.ranges.some(({ min, max }) => min <= 0xd800 && max >= 0xdfff)) {
      ranges.push({ min: 0x10000, max: lastCodePoint });
    }
    return CharSet.empty(lastCodePoint).union(ranges);
  };
  const element = (old: NoParent<Element>): NoParent<Element> => {
    if (old.type === 'CharacterClass') return { ...old, characters: set(old.characters) };
    if (old.type === 'Unknown') return old;
    return { ...old, alternatives: old.alternatives.map(concatenation) } as NoParent<Element>;
  };
  const concatenation = (old: NoParent<Concatenation>): NoParent<Concatenation> => ({
    ...old,
    elements: old.elements.map(element),
  });
  return alternatives.map(concatenation);
}

export const isStart = (element: NoParent<Element>): boolean => isEdge(element, 'behind');
export const isEnd = (element: NoParent<Element>): boolean => isEdge(element, 'ahead');

/** `^` is "no character before", `$` "no character after". */
function isEdge(element: NoParent<Element>, kind: 'ahead' | 'behind'): boolean {
  if (element.type !== 'Assertion' || element.kind !== kind || !element.negate) return false;
  const [only] = element.alternatives[0]?.elements ?? [];
  return (
    element.alternatives.length === 1 &&
    element.alternatives[0]?.elements.length === 1 &&
    only?.type === 'CharacterClass' &&
    only.characters.isAll
  );
}

export function rangesOf(set: CharSet): CodePoints[] {
  return set.ranges.map(({ min, max }) => [min, max]);
}

/** States of an automaton under construction; more are not worth a grammar. */
const mostStates = 3000;

/** A set of strings that an automaton can tell. */
export type Language = DFA;

/** Thrown inside this module for what no automaton can tell, or only one that is too large. */
class NotRegular extends Error {}

/** Returns the result of `make`, or null when its languages are not regular or need too many states. */
function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof NotRegular || error instanceof refa().TooManyNodesError) return null;
    throw error;
  }
}

const options = { maxCharacter: lastCodePoint };
const nfaNodes = () => new (refa().NFA.LimitedNodeFactory)(mostStates);
const dfaNodes = () => new (refa().DFA.LimitedNodeFactory)(mostStates);

/** All strings in which the pattern is found, look-ahead included; null when that cannot be told. */
export function matching(source: string): Language | null {
  const alternatives = parsePattern(source);
  if (alternatives === null) return null;
  return attempt(() => {
    const { NFA } = refa();
    const atStart = searched(alternatives, true);
    const later = anyCharacter();
    later.append(NFA.all(options), nfaNodes());
    const rest = searched(alternatives, false);
    later.append(rest, nfaNodes());
    atStart.union(later, nfaNodes());
    return smallest(atStart);
  });
}

/** Exactly these strings. */
export function words(list: readonly string[]): Language | null {
  const { DFA } = refa();
  return attempt(() => DFA.fromWords(list.map(codePointsOf), options, dfaNodes()));
}

/** All strings of `min` to `max` code points. */
export function ofLength(min: number, max: number): Language | null {
  return attempt(() => {
    const all = anyCharacter();
    all.quantify(min, max, nfaNodes());
    return smallest(all);
  });
}

/** The strings that are in all of the languages. */
export function both(languages: readonly Language[]): Language | null {
  const { DFA } = refa();
  return attempt(() => {
    let result = DFA.all(options, dfaNodes());
    for (const language of languages) {
      result = DFA.fromIntersection(result, language, dfaNodes());
      result.minimize();
    }
    return result;
  });
}

/** The strings that are in none of the languages. */
export function without(languages: readonly Language[]): Language | null {
  return both(languages.map(not));
}

function not(language: Language): Language {
  const copy = language.copy(dfaNodes());
  copy.complement(dfaNodes());
  copy.minimize();
  return copy;
}

function smallest(fa: NFA): DFA {
  const made = refa().DFA.fromFA(fa, dfaNodes());
  made.minimize();
  return made;
}

function anyCharacter(): NFA {
  const { NFA, CharSet } = refa();
  return NFA.fromCharSet(CharSet.all(lastCodePoint));
}

/** The strings that begin with a match, whatever follows it. */
function searched(alternatives: Alternatives, atStart: boolean): NFA {
  return following(alternatives, refa().NFA.all(options), atStart);
}

/** Any of the alternatives, then `tail`, which is all of the rest of the string: so look-ahead is an intersection. */
function following(alternatives: Alternatives, tail: NFA, atStart: boolean): NFA {
  const { NFA } = refa();
  const all = NFA.empty(options, nfaNodes());
  for (const { elements } of alternatives) all.union(sequence(elements, tail, atStart), nfaNodes());
  return all;
}

function sequence(elements: readonly NoParent<Element>[], tail: NFA, atStart: boolean): NFA {
  const starts: boolean[] = [];
  let start = atStart;
  for (const element of elements) {
    starts.push(start);
    if (element.type !== 'Assertion') {
      if (start && canBeEmpty(element) && elements.slice(starts.length).some(hasStart)) throw new NotRegular();
      start = start && isEmptyOnly(element);
    }
  }
  return elements.reduceRight((rest, element, index) => before(element, rest, starts[index] === true), tail);
}

function before(element: NoParent<Element>, tail: NFA, atStart: boolean): NFA {
  const { NFA, DFA } = refa();
  if (element.type === 'Unknown') throw new NotRegular();
  if (element.type === 'Assertion') {
    if (isStart(element)) return atStart ? tail : NFA.empty(options, nfaNodes());
    if (element.kind === 'behind') throw new NotRegular();
    const ahead = smallest(following(element.alternatives, NFA.all(options), atStart));
    if (element.negate) ahead.complement(dfaNodes());
    return NFA.fromFA(DFA.fromIntersection(ahead, smallest(tail), dfaNodes()), nfaNodes());
  }
  if (!hasAssertion(element)) {
    const plain = NFA.fromRegex(element, options, {}, nfaNodes());
    plain.append(tail, nfaNodes());
    return plain;
  }
  if (element.type === 'Alternation') return following(element.alternatives, tail, atStart);
  if (element.type === 'Quantifier') return repeated(element, tail, atStart);
  throw new NotRegular();
}

/** A group that holds an assertion, written out. */
function repeated({ alternatives, min, max }: NoParent<Quantifier>, tail: NFA, atStart: boolean): NFA {
  if (max > 4) throw new NotRegular();
  const { NFA } = refa();
  const all = NFA.empty(options, nfaNodes());
  let times = tail;
  for (let count = 0; count <= max; count++) {
    if (count > 0) times = following(alternatives, times, atStart);
    if (count >= min) all.union(times, nfaNodes());
  }
  return all;
}

function innerOf(element: NoParent<Element>): readonly NoParent<Element>[] {
  if (element.type === 'CharacterClass' || element.type === 'Unknown') return [];
  return element.alternatives.flatMap(({ elements }) => elements);
}

function hasAssertion(element: NoParent<Element>): boolean {
  return element.type === 'Assertion' || innerOf(element).some(hasAssertion);
}

function hasStart(element: NoParent<Element>): boolean {
  return isStart(element) || innerOf(element).some(hasStart);
}

function canBeEmpty(element: NoParent<Element>): boolean {
  if (element.type === 'CharacterClass') return false;
  if (element.type === 'Assertion' || element.type === 'Unknown') return true;
  if (element.type === 'Quantifier' && element.min === 0) return true;
  return element.alternatives.some(({ elements }) => elements.every(canBeEmpty));
}

function isEmptyOnly(element: NoParent<Element>): boolean {
  if (element.type === 'Assertion') return true;
  if (element.type === 'CharacterClass' || element.type === 'Unknown') return false;
  if (element.type === 'Quantifier' && element.max === 0) return true;
  return element.alternatives.every(({ elements }) => elements.every(isEmptyOnly));
}

function codePointsOf(text: string): number[] {
  return [...text].map((char) => char.codePointAt(0) ?? 0);
}
