/**
 * JSON Schemas that people have, each with valid and invalid instances: how many are accepted, and what the grammar and
 * the check make of the instances; beside llama.cpp's own converter.
 *
 * node --import tsx bench/schemas.ts [--data FILE.jsonl.gz] [--python PATH] [--only KIND] [--problems]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { readDocument } from '../src/grammar/document.js';
import { generationLimits, writeSchemaGrammar } from '../src/grammar/json-schema.js';
import { isObject } from '../src/grammar/schema-node.js';
import { compileCheck } from '../src/grammar/validate.js';
import { isExactNumber, parseJson, stringifyJson, withPlainNumbers } from '../src/json.js';
import { grammarJudge } from './parts/grammar-judge.js';

interface Row {
  readonly name: string;
  readonly schema: unknown;
  /** Numbers with the digits that they have in the file: by draft 4, 12345.0 is no integer. */
  readonly tests: readonly { readonly valid: boolean; readonly data: unknown }[];
}

interface Tally {
  schemas: number;
  accepted: number;
  /** Accepted, and the grammar alone is right about every instance. */
  right: number;
  valid: number;
  matched: number;
  /** By the grammar that generates: no more than the schema lists, and an end to everything. */
  generated: number;
  invalid: number;
  passedGrammar: number;
  passedBoth: number;
  refusedByCheck: number;
  /** To read a schema, write its grammar and its check, and have llama.cpp read the grammar. */
  readonly times: number[];
  readonly forced: { whole: number };
}

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/jsonschemabench/schemas.jsonl.gz' },
    python: { type: 'string' },
    only: { type: 'string' },
    problems: { type: 'boolean', default: false },
  },
});

const kinds: readonly (readonly [title: string, pattern: RegExp])[] = [
  ['function calls (Glaive, BFCL)', /^(Glaive|BFCL)/],
  ['Kubernetes', /^Kubernetes/],
  ['GitHub, trivial', /^Github_trivial/],
  ['GitHub, easy', /^Github_easy/],
  ['GitHub, medium', /^Github_medium/],
  ['GitHub, hard and ultra', /^Github_(hard|ultra)/],
  ['Snowplow', /^Snowplow/],
  ['Washington Post', /^WashingtonPost/],
  ['synthesized and handwritten', /^(Synthesized|Handwritten)/],
  ['JSON Schema Store', /^JsonSchemaStore/],
  ['others', /./],
];

const rows = gunzipSync(readFileSync(values.data))
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line): Row => {
    const { name, schema, tests } = parseJson(line) as Row;
    return { name, schema: withPlainNumbers(schema), tests };
  })
  .filter(({ name }) => values.only === undefined || name.includes(values.only));
const judge = grammarJudge();
const theirs = values.python === undefined ? null : convertedBy(values.python, rows);
const ours = new Map<string, Tally>();
const others = new Map<string, Tally>();

for (const [index, row] of rows.entries()) {
  const kind = kinds.find(([, pattern]) => pattern.test(row.name))?.[0] ?? 'others';
  await judgeOurs(row, tallyOf(ours, kind));
  const grammar = theirs?.[index];
  if (theirs !== null) await judgeTheirs(row, grammar ?? null, tallyOf(others, kind));
}
report('slm', ours);
if (theirs !== null) report("llama.cpp's converter", others);
judge.end();

async function judgeOurs(row: Row, tally: Tally): Promise<void> {
  tally.schemas++;
  const texts = textsOf(row);
  const start = process.cpuUsage();
  try {
    const document = readDocument(row.schema);
    const { grammar, unforced } = writeSchemaGrammar(document);
    const check = compileCheck(document);
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    const wide = await judge.judge(grammar, texts.flat());
    const narrow = await judge.judge(writeSchemaGrammar(document, generationLimits).grammar, texts.flat());
    if (wide.results === null || narrow.results === null)
      throw new Error('llama.cpp cannot read the grammar, or hangs');
    tally.times.push(ms + wide.parseMs);
    tally.accepted++;
    if (unforced.length === 0) tally.forced.whole++;
    const verdicts = row.tests.map(({ data }) => check(withPlainNumbers(data)));
    for (const [i, { valid, data }] of row.tests.entries()) {
      if (valid && isMatched(narrow.results, i)) tally.generated++;
      const violation = verdicts[i] ?? null;
      if (!valid || violation === null) continue;
      tally.refusedByCheck++;
      problem(row, `valid refused by the check: ${violation.message}: ${JSON.stringify(data).slice(0, 200)}`);
    }
    count(row, wide.results, tally);
    for (const [i, { valid, data }] of row.tests.entries()) {
      if (valid || !isMatched(wide.results, i) || verdicts[i] !== null) continue;
      tally.passedBoth++;
      problem(row, `invalid passed: ${JSON.stringify(data).slice(0, 300)}`);
    }
  } catch (error) {
    problem(row, `not accepted: ${error instanceof Error ? error.message : error}`);
  }
}

async function judgeTheirs(row: Row, grammar: string | null, tally: Tally): Promise<void> {
  tally.schemas++;
  if (grammar === null) return;
  const { results } = await judge.judge(grammar, textsOf(row).flat());
  if (results === null) return;
  tally.accepted++;
  count(row, results, tally);
}

/** Each instance with its own order of keys, and in that of the schema. */
function textsOf({ tests, schema }: Row): [string, string][] {
  return tests.map(({ data }) => [stringifyJson(data), stringifyJson(ordered(data, schema))]);
}

function isMatched(results: readonly boolean[], index: number): boolean {
  return results[2 * index] === true || results[2 * index + 1] === true;
}

function count(row: Row, results: readonly boolean[], tally: Tally): void {
  let right = true;
  for (const [i, { valid, data }] of row.tests.entries()) {
    const matched = isMatched(results, i);
    if (matched !== valid) right = false;
    tally[valid ? 'valid' : 'invalid']++;
    if (matched) tally[valid ? 'matched' : 'passedGrammar']++;
    if (valid && !matched && tally.times.length > 0) {
      problem(row, `valid not matched: ${JSON.stringify(data).slice(0, 300)}`);
    }
  }
  if (right) tally.right++;
}

function tallyOf(tallies: Map<string, Tally>, kind: string): Tally {
  const known = tallies.get(kind);
  if (known !== undefined) return known;
  const made: Tally = {
    schemas: 0,
    accepted: 0,
    right: 0,
    valid: 0,
    matched: 0,
    generated: 0,
    invalid: 0,
    passedGrammar: 0,
    passedBoth: 0,
    refusedByCheck: 0,
    times: [],
    forced: { whole: 0 },
  };
  tallies.set(kind, made);
  return made;
}

/** The value with the keys of each object in the order of the schema, as far as that can be told without a draft. */
function ordered(value: unknown, schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (depth > 30) return value;
  const schemas = alternativesOf(schema, root, 0);
  if (Array.isArray(value)) {
    const items = schemas.flatMap(({ items: inner }) => (isObject(inner) ? [inner] : []));
    return value.map((item) => ordered(item, { allOf: items }, root, depth + 1));
  }
  if (!isObject(value) || isExactNumber(value)) return value;
  const properties = Object.assign({}, ...schemas.map((inner) => inner.properties ?? {}).reverse()) as Record<
    string,
    unknown
  >;
  const names = schemas.flatMap((inner) => Object.keys(isObject(inner.properties) ? inner.properties : {}));
  const rank = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.length);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => rank(a) - rank(b))
      .map(([name, inner]) => [name, ordered(inner, properties[name], root, depth + 1)]),
  );
}

function alternativesOf(schema: unknown, root: unknown, depth: number): Record<string, unknown>[] {
  if (!isObject(schema) || depth > 8) return [];
  const inner = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => {
    const list = schema[keyword];
    return Array.isArray(list) ? list.flatMap((item) => alternativesOf(item, root, depth + 1)) : [];
  });
  const reference = typeof schema.$ref === 'string' && schema.$ref.startsWith('#') ? schema.$ref : null;
  const target = reference
    ?.split('/')
    .slice(1)
    .reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), root);
  return [schema, ...inner, ...alternativesOf(target, root, depth + 1)];
}

/** llama.cpp's grammar of each schema, or null: json_schema_to_gbnf of llama-cpp-python. */
function convertedBy(python: string, all: readonly Row[]): (string | null)[] {
  const script = `
import json, sys, contextlib, io
from llama_cpp.llama_grammar import json_schema_to_gbnf
for line in sys.stdin:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            grammar = json_schema_to_gbnf(json.dumps(json.loads(line)))
    except BaseException:
        grammar = None
    print(json.dumps(grammar), flush=True)
`;
  const out = execFileSync(python, ['-c', script], {
    input: all.map(({ schema }) => `${JSON.stringify(schema)}\n`).join(''),
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return out
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string | null);
}

function problem({ name }: Row, what: string): void {
  if (values.problems) process.stderr.write(`${name}: ${what}\n`);
}

function report(title: string, tallies: Map<string, Tally>): void {
  const head = [
    '',
    'schemas',
    'accepted',
    'right',
    'valid matched',
    'by the narrow grammar',
    'invalid passed by the grammar',
    'and by the check',
    'median ms of processor time',
  ];
  const lines = [`## ${title}`, '', `| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`];
  const total = tallyOf(new Map(), 'all');
  for (const [kind] of kinds) {
    const tally = tallies.get(kind);
    if (tally === undefined) continue;
    lines.push(line(kind, tally));
    for (const key of Object.keys(total) as (keyof Tally)[]) {
      if (typeof total[key] === 'number')
        (total as unknown as Record<string, number>)[key] = total[key] + (tally[key] as number);
    }
    total.times.push(...tally.times);
    total.forced.whole += tally.forced.whole;
  }
  lines.push(line('all', total));
  lines.push(
    '',
    `valid instances that the check refuses: ${total.refusedByCheck}; schemas forced as a whole: ${total.forced.whole}`,
  );
  process.stdout.write(`${lines.join('\n')}\n\n`);
}

function line(kind: string, tally: Tally): string {
  const sorted = [...tally.times].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const share = (count: number, of: number): string =>
    of === 0 ? '' : `${count} of ${of} (${((100 * count) / of).toFixed(0)} %)`;
  const cells = [
    kind,
    tally.schemas,
    share(tally.accepted, tally.schemas),
    share(tally.right, tally.schemas),
    share(tally.matched, tally.valid),
    tally.times.length === 0 ? '' : share(tally.generated, tally.valid),
    `${tally.passedGrammar} of ${tally.invalid}`,
    tally.times.length === 0 ? '' : tally.passedBoth,
    median === undefined ? '' : median.toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}
