/**
 * Writing GBNF, the grammar notation of llama.cpp.
 *
 * node-llama-cpp has a generator for JSON Schemas of its own; we do not use it because its root rule demands
 * "\n\n\n\n" at the end and lets the model choose white space, which costs tokens and makes small models ramble.
 */

/** A closed range of code points. */
export type CodePoints = readonly [first: number, last: number];

/** `text` as a GBNF literal: `say "hi"` → `"say \"hi\""`. Text beyond ASCII stays as it is. */
export function literal(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(controls, escapeControl)}"`;
}

/** A character class of the given code points: `[a-z\n]`. */
export function charClass(ranges: readonly CodePoints[], negated = false): string {
  const body = ranges.map(([first, last]) =>
    first === last ? classChar(first) : `${classChar(first)}-${classChar(last)}`,
  );
  return `[${negated ? '^' : ''}${body.join('')}]`;
}

/** Alternatives as one item that can stand in a sequence; an empty alternative makes the item optional. */
export function alternatives(options: readonly string[]): string {
  const distinct = [...new Set(options)].filter((option) => option !== '');
  if (distinct.length === 0) return '';
  if (options.includes('')) return `(${distinct.join(' | ')})?`;
  return distinct.length === 1 ? (distinct[0] ?? '') : `(${distinct.join(' | ')})`;
}

/** Items of a sequence, empty ones left out. */
export function sequence(items: readonly string[]): string {
  return items.filter((item) => item !== '').join(' ');
}

/**
 * llama.cpp writes `x{m,n}` out as n rules and refuses a product of nested counts of 2 000 or more ("exceeds sane
 * defaults"). Longer runs are made of blocks of this size.
 */
const blockSize = 500;
const longestRepetition = 1999;

/**
 * `item` from `min` to `max` times. `item` must be one literal, class or rule name: llama.cpp multiplies the count
 * by the number of rules inside a group. Beyond 1 999 times the run is built from blocks such that at most three
 * parses are alive at a time (`a{0,1000} a{0,1000}` would keep a thousand).
 */
export function repeat(item: string, min: number, max: number, rules: Rules): string {
  if (max <= 0 || item === '') return '';
  if (max === Infinity) return sequence([repeat(item, min, min, rules), `${item}*`]);
  if (min === 1 && max === 1) return item;
  if (min === 0 && max === 1) return `${item}?`;
  if (max <= longestRepetition) return min === max ? `${item}{${max}}` : `${item}{${min},${max}}`;
  const block = rules.add('block', `${item}{${blockSize}}`);
  const exactly = (count: number): string =>
    sequence([
      repeat(block, Math.floor(count / blockSize), Math.floor(count / blockSize), rules),
      repeat(item, count % blockSize, count % blockSize, rules),
    ]);
  const optional = max - min;
  if (optional <= longestRepetition) return sequence([exactly(min), repeat(item, 0, optional, rules)]);
  const blocks = Math.floor(optional / blockSize);
  return sequence([
    min === 0 ? '' : exactly(min),
    alternatives([
      sequence([repeat(block, 0, blocks - 1, rules), `${item}{0,${blockSize - 1}}`]),
      sequence([repeat(block, blocks, blocks, rules), repeat(item, 0, optional % blockSize, rules)]),
    ]),
  ]);
}

/** The named rules of a grammar under construction. */
export interface Rules {
  /** Adds a rule and returns its name: `hint`, made legal and unique. The same body again gives the same name. */
  add(hint: string, body: string): string;
  /** A name whose body comes later, for a rule that refers to itself. */
  reserve(hint: string): string;
  define(name: string, body: string): void;
  /** Characters of all rules, to know when a grammar becomes too large. */
  readonly size: number;
  /** The grammar with `root` as its first rule. */
  write(root: string): string;
}

export function createRules(): Rules {
  const names = new Map<string, string>();
  const bodies = new Map<string, string>();
  const next = new Map<string, number>();
  const taken = new Set(['root']);
  let size = 0;
  const unused = (hint: string): string => {
    const base =
      hint
        .replace(/[^A-Za-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(-60) || 'rule';
    let name = base;
    for (let i = next.get(base) ?? 2; taken.has(name); i++) {
      name = `${base}-${i}`;
      next.set(base, i + 1);
    }
    taken.add(name);
    return name;
  };
  const set = (name: string, body: string): void => {
    size += body.length;
    bodies.set(name, body);
  };
  return {
    get size() {
      return size;
    },
    add(hint, body) {
      const known = names.get(body);
      if (known !== undefined) return known;
      const name = unused(hint);
      names.set(body, name);
      set(name, body);
      return name;
    },
    reserve: unused,
    define: set,
    write(root) {
      const lines = [...bodies].map(([name, body]) => `${name} ::= ${body}\n`);
      return `root ::= ${root}\n${lines.join('')}`;
    },
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f]/g;

function escapeControl(char: string): string {
  const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  return named[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function classChar(codePoint: number): string {
  const char = String.fromCodePoint(codePoint);
  if ('\\"[]-^'.includes(char)) return char === '^' ? '\\x5e' : `\\${char}`;
  if (codePoint >= 0x20 && codePoint < 0x7f) return char;
  if (codePoint < 0x100) return `\\x${codePoint.toString(16).padStart(2, '0')}`;
  if (codePoint < 0x10000) return `\\u${codePoint.toString(16).padStart(4, '0')}`;
  return `\\U${codePoint.toString(16).padStart(8, '0')}`;
}
