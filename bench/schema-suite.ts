/**
 * The official JSON Schema Test Suite (https://github.com/json-schema-org/JSON-Schema-Test-Suite): for each draft, how
 * many groups the grammar forces, which ones only the check sees to, and which are refused; and every wrong answer.
 *
 * node --import tsx bench/schema-suite.ts FOLDER [--problems]
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { SlmError } from '../src/errors.js';
import { readDocument } from '../src/grammar/document.js';
import { writeSchemaGrammar } from '../src/grammar/json-schema.js';
import { SchemaError } from '../src/grammar/schema-error.js';
import { isObject } from '../src/grammar/schema-node.js';
import { compileCheck } from '../src/grammar/validate.js';
import { inlineSchema } from '../src/profile/schema-file.js';
import { grammarJudge, type Judgement } from './parts/grammar-judge.js';

interface Group {
  readonly description: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

const { values, positionals } = parseArgs({
  options: { problems: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [suite] = positionals;
if (suite === undefined) throw new Error('say where the suite is');

const drafts = {
  draft4: 'http://json-schema.org/draft-04/schema#',
  draft6: 'http://json-schema.org/draft-06/schema#',
  draft7: 'http://json-schema.org/draft-07/schema#',
  'draft2019-09': 'https://json-schema.org/draft/2019-09/schema',
  'draft2020-12': 'https://json-schema.org/draft/2020-12/schema',
};
const judge = grammarJudge();
const head = [
  'draft',
  'groups',
  'forced',
  'checked',
  'refused',
  'tests',
  'wrong by the check',
  'stopped by the grammar',
];
const lines = [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`];
for (const [draft, meta] of Object.entries(drafts)) lines.push(await measured(draft, meta));
process.stdout.write(`${lines.join('\n')}\n`);
judge.end();

/** What a draft requires; formats, which it leaves open, are among the optional parts. */
async function measured(draft: string, meta: string): Promise<string> {
  const folder = path.join(suite as string, 'tests', draft);
  // format.json wants formats that say nothing; here they are forced.
  const files = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'format.json');
  const tally = { groups: 0, forced: 0, checked: 0, refused: 0, tests: 0, wrong: 0, invalid: 0, stopped: 0 };
  for (const file of files) {
    for (const group of JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Group[]) {
      tally.groups++;
      const name = `${draft}/${file}: ${group.description}`;
      try {
        await judgeGroup(group, { name, meta, remotes: path.join(suite as string, 'remotes', draft) }, tally);
      } catch (error) {
        if (!(error instanceof SlmError)) throw error;
        tally.refused++;
        problem(`${name}: refused: ${error.message}`);
      }
    }
  }
  const { groups, forced, checked, refused, tests, wrong, invalid, stopped } = tally;
  return `| ${[draft, groups, forced, checked, refused, tests, wrong, `${stopped} of ${invalid}`].join(' | ')} |`;
}

interface Where {
  readonly name: string;
  readonly meta: string;
  /** Where the schemas are that other ones refer to. */
  readonly remotes: string;
}

async function judgeGroup({ schema, tests }: Group, { name, meta, remotes }: Where, tally: Record<string, number>) {
  const named = isObject(schema) && schema.$schema === undefined ? { $schema: meta, ...schema } : schema;
  const document = readDocument(isObject(named) ? inlineSchema(named, remotes, remotes).value : named);
  const check = compileCheck(document, { formats: false });
  const { matches, whole } = await grammarOf(() => writeSchemaGrammar(document), tests);
  let right = whole;
  for (const [i, { description, data, valid }] of tests.entries()) {
    add(tally, 'tests');
    const violation = check(data);
    if ((violation === null) !== valid) {
      add(tally, 'wrong');
      problem(`${name}: ${description}: wrong by the check: ${violation?.message ?? 'no violation'}`);
    }
    const matched = matches[i] === true;
    if (matched !== valid) right = false;
    if (valid && !matched) problem(`${name}: ${description}: not matched by the grammar: ${JSON.stringify(data)}`);
    if (valid) continue;
    add(tally, 'invalid');
    if (!matched) add(tally, 'stopped');
  }
  add(tally, right ? 'forced' : 'checked');
}

/** Which texts a grammar accepts; none where no value is valid, which is told when a task is opened. */
async function grammarOf(write: () => ReturnType<typeof writeSchemaGrammar>, tests: Group['tests']) {
  const texts = tests.map(({ data }) => JSON.stringify(data));
  try {
    const { grammar, unforced } = write();
    const { results }: Judgement = await judge.judge(grammar, texts);
    if (results === null) throw new Error(`llama.cpp cannot read the grammar:\n${grammar}`);
    return { matches: results, whole: unforced.length === 0 };
  } catch (error) {
    if (!(error instanceof SchemaError) || !/no value is valid/.test(error.message)) throw error;
    return { matches: texts.map(() => false), whole: true };
  }
}

function add(tally: Record<string, number>, key: string): void {
  tally[key] = (tally[key] ?? 0) + 1;
}

function problem(what: string): void {
  if (values.problems) process.stderr.write(`${what}\n`);
}
