import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp';

/** llama.cpp's own grammar engine, as the judge of grammars; needs no model. */
export async function loadGrammarEngine(): Promise<Llama> {
  return await getLlama({
    gpu: false,
    build: 'never',
    progressLogs: false,
    skipDownload: true,
    logLevel: LlamaLogLevel.disabled,
    maxThreads: 1,
  });
}

/** A function that says whether llama.cpp accepts exactly this text; throws when the grammar does not parse. */
export async function matcherOf(llama: Llama, grammar: string): Promise<(text: string) => boolean> {
  const compiled = await llama.createGrammar({ grammar });
  const test: unknown = Reflect.get(compiled, '_testText');
  if (typeof test !== 'function') throw new Error('node-llama-cpp no longer has LlamaGrammar._testText');
  return (text) => test.call(compiled, text) === true;
}

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'class'; ranges: [number, number][]; negated: boolean }
  | { kind: 'rule'; name: string }
  | { kind: 'group'; options: Node[][] }
  | { kind: 'repeat'; item: Node; min: number; max: number };

/** A text that the grammar generates, each choice made by `pick(n)`, a number below n. Reads the GBNF that we write. */
export function walkGrammar(source: string, pick: (choices: number) => number): string {
  const rules = parse(source);
  const walk = (options: Node[][]): string => (options[pick(options.length)] ?? []).map(one).join('');
  const one = (node: Node): string => {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'rule':
        return walk(rules.get(node.name) ?? fail(`no rule ${node.name}`));
      case 'group':
        return walk(node.options);
      case 'repeat': {
        const times = node.min + pick(Math.min(node.max - node.min, 3) + 1);
        // Now and then the longest, to find a count that is off by one.
        const count = pick(40) === 0 ? node.max : times;
        return Array.from({ length: count }, () => one(node.item)).join('');
      }
      case 'class': {
        if (!node.negated) {
          const [first, last] = node.ranges[pick(node.ranges.length)] ?? [0, 0];
          return String.fromCodePoint(first + pick(last - first + 1));
        }
        const allowed = [...'az09 -_,:{}[]/é☺😀'].filter((char) => {
          const code = char.codePointAt(0) ?? 0;
          return !node.ranges.some(([first, last]) => first <= code && code <= last);
        });
        return allowed[pick(allowed.length)] ?? '';
      }
    }
  };
  return walk(rules.get('root') ?? fail('no root'));
}

function fail(what: string): never {
  throw new Error(what);
}

function parse(source: string): Map<string, Node[][]> {
  const rules = new Map<string, Node[][]>();
  for (const line of source.split('\n')) {
    if (line === '') continue;
    const [, name = '', body = ''] = /^([A-Za-z0-9-]+) ::= (.*)$/s.exec(line) ?? fail(`not a rule: ${line}`);
    rules.set(name, parseBody(body));
  }
  return rules;
}

function parseBody(body: string): Node[][] {
  const chars = [...body];
  let at = 0;
  const char = (): string => {
    if (chars[at] !== '\\') return chars[at++] ?? fail(`unexpected end: ${body}`);
    const kind = chars[at + 1] ?? '';
    const length = { x: 2, u: 4, U: 8 }[kind];
    at += 2;
    if (length === undefined) return { n: '\n', r: '\r', t: '\t' }[kind] ?? kind;
    at += length;
    return String.fromCodePoint(Number.parseInt(chars.slice(at - length, at).join(''), 16));
  };
  const item = (): Node => {
    if (chars[at] === '"') {
      let text = '';
      for (at++; chars[at] !== '"'; ) text += char();
      at++;
      return { kind: 'text', text };
    }
    if (chars[at] === '[') {
      const negated = chars[++at] === '^';
      if (negated) at++;
      const ranges: [number, number][] = [];
      while (chars[at] !== ']') {
        const first = char().codePointAt(0) ?? 0;
        let last = first;
        if (chars[at] === '-' && chars[at + 1] !== ']') {
          at++;
          last = char().codePointAt(0) ?? 0;
        }
        ranges.push([first, last]);
      }
      at++;
      return { kind: 'class', ranges, negated };
    }
    if (chars[at] === '(') {
      at++;
      const options = alternatives();
      at++;
      return { kind: 'group', options };
    }
    const name = /^[A-Za-z0-9-]+/.exec(chars.slice(at).join(''))?.[0] ?? fail(`unexpected ${chars[at]} in ${body}`);
    at += name.length;
    return { kind: 'rule', name };
  };
  const alternatives = (): Node[][] => {
    const options: Node[][] = [[]];
    while (at < chars.length && chars[at] !== ')') {
      if (chars[at] === ' ') at++;
      else if (chars[at] === '|') {
        at++;
        options.push([]);
      } else {
        let node = item();
        const counts = /^(?:\?|\{(\d+)(,(\d+))?\})/.exec(chars.slice(at, at + 14).join(''));
        if (counts !== null) {
          at += counts[0].length;
          const min = Number(counts[1] ?? 0);
          const max = counts[1] === undefined ? 1 : Number(counts[3] ?? counts[1]);
          node = { kind: 'repeat', item: node, min, max };
        }
        options.at(-1)?.push(node);
      }
    }
    return options;
  };
  return alternatives();
}
