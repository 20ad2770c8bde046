import { alternatives, literal, type Rules, sequence } from './gbnf-writer.js';

/** A text and what follows it in the grammar. */
export type Ending = readonly [text: string, item: string];

/** Up to so many alternatives are listed as they are: a grammar that can be read. */
const fewEnough = 12;

/**
 * One of many texts, as a tree of what they have in common: llama.cpp follows every alternative of a list at each
 * character, so a list of thousands would take seconds a token.
 */
export function oneOf(endings: readonly Ending[], rules: Rules, name: string): string {
  if (endings.length <= fewEnough) {
    return alternatives(endings.map(([text, item]) => sequence([text === '' ? '' : literal(text), item])));
  }
  const sorted = [...endings].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return branch(sorted, 0, sorted.length, 0, { rules, name }, 0);
}

interface Tree {
  readonly rules: Rules;
  readonly name: string;
}

/** The texts `from` to `to`, which have their first `at` UTF-16 units in common. */
function branch(sorted: readonly Ending[], from: number, to: number, at: number, tree: Tree, depth: number): string {
  const options: string[] = [];
  for (let start = from; start < to; ) {
    const [text = '', item = ''] = sorted[start] ?? [];
    if (text.length === at) {
      options.push(item);
      start++;
      continue;
    }
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    let end = start + 1;
    while (end < to && sorted[end]?.[0].startsWith(char, at)) end++;
    if (end === start + 1) options.push(sequence([literal(text.slice(at)), item]));
    else {
      const length = shared(text, sorted[end - 1]?.[0] ?? '', at);
      const inner = branch(sorted, start, end, length, tree, depth + 1);
      options.push(sequence([literal(text.slice(at, length)), inner]));
    }
    start = end;
  }
  const all = alternatives(options);
  // Parentheses in parentheses end somewhere; a rule by itself may go on.
  return all.length > 400 || depth % 8 === 7 ? tree.rules.add(tree.name, all) : all;
}

/** Where two texts begin to differ, never inside a character. */
function shared(a: string, b: string, from: number): number {
  let at = from;
  while (at < a.length && at < b.length && a.codePointAt(at) === b.codePointAt(at)) {
    at += (a.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}
