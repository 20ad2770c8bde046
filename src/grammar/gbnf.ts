import { suggestion } from '../errors.js';

/**
 * The first problem of a GBNF source as `3:14: rule "strng" is not defined. Did you mean "string"?`, or null. For
 * grammars that people write: llama.cpp itself only says "Failed to parse grammar". Line and column are 1-based, the
 * column in UTF-16 code units.
 */
export function checkGrammar(source: string): string | null {
  try {
    const rules = parseGrammar(source);
    checkReferences(source, rules);
    checkLeftRecursion(source, rules);
    checkRepetitions(source, rules);
    return null;
  } catch (error) {
    if (error instanceof GrammarProblem) return error.message;
    throw error;
  }
}

class GrammarProblem extends Error {
  override readonly name = 'GrammarProblem';
}

/** A part of a rule. */
export type Item =
  /** A text in quotes, a class in brackets, `.` or a token, as it is written. */
  | { readonly kind: 'text'; readonly empty: boolean; readonly source: string }
  | { readonly kind: 'rule'; readonly name: string; readonly at: number }
  | { readonly kind: 'group'; readonly options: readonly Item[][] }
  | { readonly kind: 'repeated'; readonly item: Item; readonly min: number; readonly max: number; readonly at: number };

export interface Rule {
  readonly at: number;
  readonly options: readonly Item[][];
}

function problem(source: string, at: number, what: string): GrammarProblem {
  const before = source.slice(0, at).split(/\r\n|\n|\r/);
  return new GrammarProblem(`${before.length}:${(before.at(-1) ?? '').length + 1}: ${what}`);
}

/** llama.cpp multiplies the repetitions that stand in each other, and the rules in them. */
const mostRepeated = 2000;
/** Parentheses in each other: its parser and ours call themselves for each. */
const deepest = 200;

/** Follows llama.cpp's parser (src/llama-grammar.cpp): a rule ends with its line, except in parentheses and after `|`. */
export function parseGrammar(source: string): Map<string, Rule> {
  const rules = new Map<string, Rule>();
  let at = 0;
  const fail = (what: string, where = at): never => {
    throw problem(source, where, what);
  };
  const matched = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  };
  const space = (acrossLines: boolean): void => {
    matched(acrossLines ? /(?:[ \t\r\n]|#[^\r\n]*)*/y : /(?:[ \t]|#[^\r\n]*)*/y);
  };
  const isAt = (text: string): boolean => source.startsWith(text, at);
  // llama.cpp counts as a rule: each name, each group, and each optional repetition.
  const names = new Set<string>();
  let unnamed = 0;
  let parentheses = 0;

  const nul = source.indexOf('\0');
  if (nul !== -1) fail('a NUL character ends the grammar for llama.cpp; write it as \\x00', nul);
  const character = (): void => {
    const escapes = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[trn\\"[\]-])/y;
    if (!isAt('\\')) at++;
    else if (matched(escapes) === null) {
      fail(
        `unknown escape ${JSON.stringify(source.slice(at, at + 2))
          .slice(1, -1)
          .replace('\\\\', '\\')}; known: \\" \\\\ \\[ \\] \\- \\n \\r \\t \\xHH \\uHHHH \\UHHHHHHHH.`,
      );
    }
  };
  const until = (close: string, what: string): boolean => {
    const start = at++;
    if (close === ']' && isAt('^')) at++;
    const first = at;
    while (!isAt(close)) {
      if (at >= source.length || /[\r\n]/.test(source[at] ?? '')) fail(`${what} is not closed with ${close}`, start);
      character();
    }
    return at++ === first;
  };
  const item = (): Item | null => {
    const from = at;
    const text = (empty = false): Item => ({ kind: 'text', empty, source: source.slice(from, at) });
    if (isAt('"')) return text(until('"', 'the text'));
    if (isAt('[')) return text(until(']', 'the class'));
    if (isAt('.')) {
      at++;
      return text();
    }
    if (isAt('<') || isAt('!<')) {
      const start = at;
      if (matched(/!?<[^>\r\n]*>/y) === null) fail('the token is not closed with >', start);
      return text();
    }
    if (isAt('(')) {
      const start = at++;
      if (++parentheses > deepest)
        fail(`at most ${deepest} parentheses stand in each other; name a part as a rule`, start);
      unnamed++;
      const inner = options(true);
      if (!isAt(')')) fail('the parenthesis is not closed', start);
      at++;
      parentheses--;
      return { kind: 'group', options: inner };
    }
    const start = at;
    const name = matched(/[A-Za-z0-9-]+/y);
    if (name !== null) names.add(name);
    return name === null ? null : { kind: 'rule', name, at: start };
  };
  const count = (): { min: number; max: number } | null => {
    const sign = matched(/[*?+]/y);
    if (sign !== null) return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Number.POSITIVE_INFINITY };
    if (!isAt('{')) return null;
    const start = at;
    const range = /\{\s*(\d+)\s*(?:(,)\s*(\d*)\s*)?\}/y;
    const text = matched(range) ?? fail('a repetition is {n}, {m,} or {m,n}', start);
    const [min = 0, max = min] = (text.match(/\d+/g) ?? []).map(Number);
    if (max < min) fail(`the repetition ${text} ends before it begins`, start);
    if (max > mostRepeated) fail(`llama.cpp allows at most ${mostRepeated} repetitions, not ${text}`, start);
    return { min, max: /,\s*\}$/u.test(text) ? Number.POSITIVE_INFINITY : max };
  };
  const items = (nested: boolean): Item[] => {
    const found: Item[] = [];
    for (;;) {
      const start = at;
      const before = names.size + unnamed;
      let next = item();
      if (next === null) {
        if (/[*+?{]/.test(source[at] ?? '')) fail(`nothing stands before ${source[at]} that could be repeated`);
        return found;
      }
      let size = next.kind === 'group' ? Math.max(1, names.size + unnamed - before) : 1;
      space(nested);
      const first = at;
      for (let times = count(); times !== null; times = count()) {
        if (next.kind === 'text' && next.empty) fail('an empty text cannot be repeated', first);
        const { min, max } = times;
        size *= max < Number.POSITIVE_INFINITY && max > 0 ? max : Math.max(1, min);
        if (size > mostRepeated) {
          fail(`llama.cpp allows at most ${mostRepeated} repetitions in repetitions, not ${size}`, start);
        }
        unnamed += max < Number.POSITIVE_INFINITY ? max - min : 1;
        next = { kind: 'repeated', item: next, ...times, at: start };
        space(nested);
      }
      found.push(next);
    }
  };
  const options = (nested: boolean): Item[][] => {
    space(true);
    const found = [items(nested)];
    while (isAt('|')) {
      at++;
      space(true);
      found.push(items(nested));
    }
    return found;
  };

  for (space(true); at < source.length; space(true)) {
    const start = at;
    if (isAt('|')) fail('a rule ends with its line; put | at the end of the line before, or use parentheses');
    const name = matched(/[A-Za-z0-9-]+/y) ?? fail(`expected the name of a rule, found ${JSON.stringify(source[at])}`);
    space(false);
    if (isAt('_')) fail('the name of a rule has letters, digits and -, no _');
    if (!isAt('::=')) fail('expected ::= after the name of a rule');
    at += 3;
    if (rules.has(name)) fail(`rule "${name}" is defined twice`, start);
    rules.set(name, { at: start, options: options(false) });
    if (at < source.length && !/[\r\n]/.test(source[at] ?? '')) {
      const what: Readonly<Record<string, string>> = {
        _: 'the name of a rule has letters, digits and -, no _',
        ')': 'a parenthesis is closed that was not opened',
        ']': 'a bracket is closed that was not opened',
        '}': 'a brace is closed that was not opened',
        "'": "texts stand in double quotes, not '",
      };
      const char = source[at] ?? '';
      fail(what[char] ?? `unexpected ${JSON.stringify(char)}`);
    }
  }
  return rules;
}

function checkReferences(source: string, rules: ReadonlyMap<string, Rule>): void {
  const names = [...rules.keys()];
  if (!rules.has('root')) {
    throw problem(source, 0, `there is no rule "root", with which every grammar begins.${suggestion('root', names)}`);
  }
  const check = (item: Item): void => {
    if (item.kind === 'repeated') check(item.item);
    if (item.kind === 'group') for (const inner of item.options.flat()) check(inner);
    if (item.kind !== 'rule' || rules.has(item.name)) return;
    throw problem(source, item.at, `rule "${item.name}" is not defined.${suggestion(item.name, names)}`);
  };
  for (const rule of rules.values()) for (const item of rule.options.flat()) check(item);
}

/** llama.cpp refuses a rule that can begin with itself. */
function checkLeftRecursion(source: string, rules: ReadonlyMap<string, Rule>): void {
  const skippable = new Set<string>();
  const canBeEmpty = (item: Item): boolean => {
    if (item.kind === 'text') return item.empty;
    if (item.kind === 'rule') return skippable.has(item.name);
    if (item.kind === 'repeated') return item.min === 0 || canBeEmpty(item.item);
    return item.options.some((option) => option.every(canBeEmpty));
  };
  for (let before = -1; before !== skippable.size; ) {
    before = skippable.size;
    for (const [name, rule] of rules) if (rule.options.some((option) => option.every(canBeEmpty))) skippable.add(name);
  }
  function* beginnings(options: readonly Item[][]): Generator<string> {
    for (const option of options) {
      for (const item of option) {
        if (item.kind === 'rule') yield item.name;
        if (item.kind === 'group') yield* beginnings(item.options);
        if (item.kind === 'repeated') yield* beginnings([[item.item]]);
        if (!canBeEmpty(item)) break;
      }
    }
  }
  const done = new Set<string>();
  /** The rules from the first one to the present, each of which begins with the next. Not by recursion: there may be many. */
  const path = new Map<string, string[]>();
  const enter = (name: string): void => {
    if (path.has(name)) {
      const names = [...path.keys()];
      const cycle = [...names.slice(names.indexOf(name)), name].join(' → ');
      throw problem(
        source,
        rules.get(name)?.at ?? 0,
        `rule "${name}" begins with itself (${cycle}); llama.cpp cannot read that.`,
      );
    }
    if (!done.has(name)) path.set(name, [...new Set(beginnings(rules.get(name)?.options ?? []))].reverse());
  };
  for (const start of rules.keys()) {
    const stack = [start];
    enter(start);
    for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
      const next = path.get(name)?.pop();
      if (next === undefined) {
        path.delete(name);
        done.add(name);
        stack.pop();
      } else if (!done.has(next)) {
        enter(next);
        stack.push(next);
      }
    }
  }
}

/** A repetition without end of a rule with an empty choice would never get on; llama.cpp takes it for left recursion. */
function checkRepetitions(source: string, rules: ReadonlyMap<string, Rule>): void {
  const isNothing = (items: readonly Item[]): boolean => items.every((item) => item.kind === 'text' && item.empty);
  const visit = (item: Item): void => {
    if (item.kind === 'group') for (const inner of item.options.flat()) visit(inner);
    if (item.kind !== 'repeated') return;
    visit(item.item);
    if (item.max < Number.POSITIVE_INFINITY) return;
    const { item: inner } = item;
    const options =
      inner.kind === 'group'
        ? inner.options
        : inner.kind === 'rule'
          ? (rules.get(inner.name)?.options ?? [])
          : [[inner]];
    if (!options.some(isNothing)) return;
    throw problem(source, item.at, 'an item that is repeated without limit can be empty; llama.cpp cannot read that.');
  };
  for (const rule of rules.values()) for (const item of rule.options.flat()) visit(item);
}
