import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SlmError } from '../../src/errors.js';
import { methodOf } from '../../src/methods/index.js';
import { loadProfile } from '../../src/profile/index.js';
import { listTasks } from '../../src/profile/paths.js';
import { filesIn, load } from '../helpers/task-folder.js';

type Files = Readonly<Record<string, string | Uint8Array>>;

const classify = 'name: t\ntype: classify\nlabels: [positive, negative]\n';
const extract = 'name: t\ntype: extract\nlabels: [person]\n';
const answer = 'name: t\ntype: answer\n';
const generate = 'name: t\ntype: generate\n';

/** What the user is shown. */
async function problem(t: TestContext, files: Files, spec?: string): Promise<string> {
  try {
    await load(t, files, spec);
  } catch (error) {
    assert.ok(error instanceof SlmError, String(error instanceof Error ? error.stack : error));
    assert.equal(error.exitCode, 2);
    return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  }
  return assert.fail('it loads');
}

function quoted(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

describe('a task.yaml', () => {
  it('takes numbers, true and false as names of labels, as they are written', async (t) => {
    const { labels, examples, threshold } = await load(t, {
      'task.yaml':
        'name: t\ntype: classify\nlabels: [1, 2.0, true]\nexamples: e.jsonl\nthreshold: {min: 0.5, below: 1}\n',
      'e.jsonl':
        '{"text":"a","label":1}\n{"text":"b","label":2.0}\n{"text":"c","label":true}\n{"text":"d","label":"1"}\n',
    });
    assert.deepEqual(
      labels.map(({ name, word }) => [name, word]),
      [
        ['1', '1'],
        ['2.0', '2.0'],
        ['true', 'true'],
      ],
    );
    assert.deepEqual(
      examples.map(({ gold }) => gold.type === 'classify' && gold.labels),
      [['1'], ['2.0'], ['true'], ['1']],
    );
    assert.equal(threshold.below, '1');
  });

  it('calls labels, their words and other names as they are written, wherever they stand', async (t) => {
    const { labels, threshold, examples } = await load(t, {
      'task.yaml': `name: t
type: classify
labels:
  1.0: the first
  2.10: {description: the second, word: 007, aliases: [0x1F, True]}
threshold: {min: 0.50, below: 2.10}
examples:
  - {text: 1.50, label: 1.0}
  - {text: b, label: 2.10}
`,
    });
    assert.deepEqual(labels, [
      { name: '1.0', description: 'the first', word: '1.0', aliases: [] },
      { name: '2.10', description: 'the second', word: '007', aliases: ['0x1F', 'True'] },
    ]);
    assert.deepEqual(threshold, { min: 0.5, below: '2.10' });
    assert.deepEqual(
      examples.map(({ record, gold }) => [record.text, gold.type === 'classify' && gold.labels]),
      [
        ['1.50', ['1.0']],
        ['b', ['2.10']],
      ],
    );
    assert.match(
      await problem(t, { 'task.yaml': 'name: t\ntype: classify\nlabels:\n  1: a\n  "1": b\n' }),
      /^task\.yaml:5:3: the key "1" appears twice\./u,
    );
  });

  it('reads a number of its schema as its value, however it is written', async (t) => {
    const { schema } = await load(t, {
      'task.yaml': `${generate}schema: s.json\n`,
      's.json': '{"type":"number","minimum":1.0}',
    });
    assert.deepEqual(schema, { type: 'number', minimum: 1 });
  });

  it('needs little: everything else has a value', async (t) => {
    const profile = await load(t, { 'task.yaml': classify });
    assert.deepEqual(profile.path, 'task.yaml');
    assert.deepEqual(
      profile.labels.map((label) => [label.name, label.word, label.description, label.aliases]),
      [
        ['positive', 'positive', '', []],
        ['negative', 'negative', '', []],
      ],
    );
    assert.equal(profile.method, 'label-likelihood');
    assert.deepEqual(profile.threshold, { min: 0, below: 'abstain' });
    assert.deepEqual([profile.model, profile.input, profile.schema, profile.grammar], [null, 'text', null, null]);
    assert.match(profile.prompt.base, /\{\{ text \}\}/u);
    assert.equal((await load(t, { 'task.yaml': answer })).input, 'question');
    assert.equal((await load(t, { 'task.yaml': `${classify}multiLabel: true\n` })).method, 'label-decisions');
  });

  it('may be in UTF-16, as editors of Windows write it', async (t) => {
    for (const swap of [false, true]) {
      const bytes = Buffer.from(`\ufeff${classify}`, 'utf16le');
      const cwd = filesIn(t, { 'task.yaml': swap ? bytes.swap16() : bytes });
      assert.equal((await loadProfile('./task.yaml', { cwd, folders: [] })).labels.length, 2);
    }
  });

  it('is refused in another encoding, and so is every file that it names', async (t) => {
    const task = 'name: t\ntype: generate\nschema: s.json\n';
    const latin1 = (text: string) => Buffer.from(text, 'latin1');
    for (const [files, place] of [
      [{ 'task.yaml': latin1('name: t\ntype: classify\nlabels: [café, thé]\n') }, 'task.yaml:3'],
      [{ 'task.yaml': task, 's.json': latin1('{"type": "object",\n"properties": {"é": {}}}') }, 's.json:2'],
      [{ 'task.yaml': `${classify}examples: e.csv\n`, 'e.csv': latin1('text,label\nthé,positive\n') }, 'e.csv:2'],
    ] as const) {
      assert.equal(await problem(t, files), `${place}: not valid text here. Save the file as UTF-8.`);
    }
  });

  it('may name its main input, which the default prompt then uses', async (t) => {
    const profile = await load(t, {
      'task.yaml': `${classify}input: review\nexamples: [{ review: Fine, label: positive }]\n`,
    });
    assert.match(profile.prompt.base, /\{\{ review \}\}/u);
    assert.equal(profile.examples[0]?.record.text, 'Fine');
  });

  it('gives labels as a list, or as a map with descriptions, words and aliases', async (t) => {
    const labels = `labels:\n  good: Praise.\n  bad:\n    word: poor\n    aliases: [neg, "0"]\n`;
    const { labels: found, examples } = await load(t, {
      'task.yaml': `name: t\ntype: classify\n${labels}examples: [{ text: a, label: NEG }, { text: b, label: 0 }]\n`,
    });
    assert.deepEqual(found, [
      { name: 'good', description: 'Praise.', word: 'good', aliases: [] },
      { name: 'bad', description: '', word: 'poor', aliases: ['neg', '0'] },
    ]);
    assert.deepEqual(
      examples.map(({ gold }) => gold),
      [
        { type: 'classify', labels: ['bad'] },
        { type: 'classify', labels: ['bad'] },
      ],
    );
  });

  it('gives the threshold as a number, or with a label to fall back to', async (t) => {
    const threshold = async (text: string) => (await load(t, { 'task.yaml': `${classify}${text}` })).threshold;
    assert.deepEqual(await threshold('threshold: 0.7\n'), { min: 0.7, below: 'abstain' });
    assert.deepEqual(await threshold('threshold: { min: 0.7 }\n'), { min: 0.7, below: 'abstain' });
    assert.deepEqual(await threshold('threshold: { min: 0.7, below: negative }\n'), { min: 0.7, below: 'negative' });
    assert.deepEqual(await threshold('multiLabel: true\n'), { min: 0.5, below: 'abstain' });
    assert.deepEqual((await load(t, { 'task.yaml': answer })).threshold, { min: 0.5, below: 'abstain' });
  });

  it('gives a cascade as a model of several, which changes nothing that was tuned', async (t) => {
    const alone = await load(t, { 'task.yaml': classify });
    const profile = await load(t, { 'task.yaml': `${classify}cascade: [small@0.9, ./large.gguf]\n` });
    assert.equal(profile.model, 'cascade:small@0.9+./large.gguf');
    assert.equal(profile.digest, alone.digest);
    const refused = (text: string, message: RegExp) =>
      assert.rejects(load(t, { 'task.yaml': `${classify}${text}` }), { message });
    await refused('cascade: [small, small]\n', /task\.yaml:4:1: .*a model twice/u);
    await refused('model: small\ncascade: [small, large]\n', /task\.yaml:5:1: .*not both/u);
  });

  it('gives metrics as smallest values, or with limits on both sides', async (t) => {
    const { metrics } = await load(t, { 'task.yaml': `${classify}metrics: { accuracy: 0.8, ece: { max: 0.1 } }\n` });
    assert.deepEqual(metrics, [
      { name: 'accuracy', min: 0.8 },
      { name: 'ece', max: 0.1 },
    ]);
  });

  it('takes its files from its own folder, and shows them as short as it can', async (t) => {
    const rows = quoted({ text: 'Fine.', label: 'positive' });
    const { examples } = await load(
      t,
      { 'tasks/t/task.yaml': `${classify}examples: data/ex.jsonl\n`, 'tasks/t/data/ex.jsonl': rows },
      't',
    );
    assert.deepEqual(examples[0]?.record.origin, { file: 'tasks/t/data/ex.jsonl', line: 1 });
    assert.equal(examples[0]?.record.id, 'tasks/t/data/ex.jsonl:1');
  });
});

function lines(count: number, line: (index: number) => string): string {
  return `${Array.from({ length: count }, (_, i) => line(i)).join('\n')}\n`;
}

/** Title, files and what the message must begin with; what follows in brackets are further words of it. */
const wrong: readonly (readonly [title: string, files: Files, start: string, ...words: string[]])[] = [
  [
    'an unknown key',
    { 'task.yaml': `${classify}treshold: 0.5\n` },
    'task.yaml:4:1: unknown key "treshold".',
    'Did you mean "threshold"?',
    'Known keys:',
  ],
  [
    'an unknown key further in',
    { 'task.yaml': `${classify}prompt:\n  use: base\n  instructions: x\n` },
    'task.yaml:6:3: unknown key "instructions".',
    'Did you mean "instruction"?',
  ],
  [
    'an unknown key of a label',
    { 'task.yaml': 'name: t\ntype: classify\nlabels:\n  a: x\n  b:\n    alias: [y]\n' },
    'task.yaml:6:5: unknown key "alias".',
    'Did you mean "aliases"?',
  ],
  [
    'a wrong type',
    { 'task.yaml': `${classify}multiLabel: sometimes\n` },
    'task.yaml:4:1: "multiLabel": ',
    'true or false',
  ],
  [
    'a wrong type in a list',
    { 'task.yaml': 'name: t\ntype: classify\nlabels:\n  - a\n  - [b]\n' },
    'task.yaml:5:5: "labels.1": ',
    'a text, a number, true or false',
  ],
  ['a value out of range', { 'task.yaml': `${classify}threshold: 1.5\n` }, 'task.yaml:4:1: "threshold": ', '1'],
  [
    'a value out of range further in',
    { 'task.yaml': `${classify}threshold:\n  min: 70\n` },
    'task.yaml:5:3: "threshold.min": ',
  ],
  ['an unknown task type', { 'task.yaml': 'name: t\ntype: clasify\n' }, 'task.yaml:2:1: "type": ', 'classify'],
  ['a missing type', { 'task.yaml': 'name: t\n' }, 'task.yaml:1:1: "type": ', 'classify'],
  ['an empty file', { 'task.yaml': '' }, 'task.yaml:1:1: "name" is missing'],
  [
    'a text in place of a mapping',
    { 'task.yaml': 'name: x\ntype: classify\nlabels: [a, b]\nprompt: "{{ text }}"\n' },
    'task.yaml:4:1: "prompt": expected a mapping (key: value), not a text.',
  ],
  ['a list', { 'task.yaml': '- a\n' }, 'task.yaml:1:1: ', 'mapping'],
  [
    'a name with capitals',
    { 'task.yaml': 'name: My Task\ntype: generate\n' },
    'task.yaml:1:1: "name": lower-case letters',
  ],
  ['bad YAML', { 'task.yaml': 'name: t\nlabels: [a, b\ntype: classify\n' }, 'task.yaml:3:', 'quotes'],
  ['a key twice', { 'task.yaml': `${classify}name: u\n` }, 'task.yaml:4:1: the key "name" appears twice.'],
  [
    'too few labels',
    { 'task.yaml': 'name: t\ntype: classify\nlabels: [a]\n' },
    'task.yaml:3:1: a task of type "classify" needs at least 2 labels, found 1.',
  ],
  [
    'no labels',
    { 'task.yaml': 'name: t\ntype: extract\n' },
    'task.yaml:1:1: a task of type "extract" needs at least 1 label, found 0.',
  ],
  [
    'two labels with one word',
    { 'task.yaml': 'name: t\ntype: classify\nlabels:\n  a: x\n  b: { word: a }\n' },
    'task.yaml:5:3: two labels with the word "a"',
  ],
  [
    'an alias of two labels, whatever its case',
    { 'task.yaml': 'name: t\ntype: classify\nlabels:\n  a: { aliases: [x] }\n  b: { aliases: [y, X] }\n' },
    'task.yaml:5:21: "X" would mean both "a" and "b".',
  ],
  [
    'an alias that is another label',
    { 'task.yaml': 'name: t\ntype: classify\nlabels:\n  a: { aliases: [B] }\n  b: y\n' },
    'task.yaml:4:18: "B" would mean both "b" and "a".',
  ],
  [
    'a label that ends with a blank',
    { 'task.yaml': 'name: t\ntype: classify\nlabels: [spam, "spam "]\n' },
    'task.yaml:3:16: the label "spam " begins or ends with a blank',
  ],
  [
    'two documents in one file',
    { 'task.yaml': `${classify}---\n${classify}` },
    'task.yaml:4:1: a second document begins here.',
    'a file of its own',
  ],
  [
    'a reserved label',
    { 'task.yaml': 'name: t\ntype: classify\nlabels:\n  a: x\n  abstain: y\n' },
    'task.yaml:5:3: "abstain"',
    '"word"',
  ],
  [
    'another reserved label',
    { 'task.yaml': 'name: t\ntype: classify\nlabels: [ok, error]\n' },
    'task.yaml:3:14: "error"',
    '"word"',
  ],
  [
    'an unknown method',
    { 'task.yaml': `${classify}method: label-likelyhood\n` },
    'task.yaml:4:1: no method "label-likelyhood".',
    'Did you mean "label-likelihood"?',
  ],
  [
    'a method of another type',
    { 'task.yaml': `${classify}method: span-copying\n` },
    'task.yaml:4:1: method "span-copying" is for extract, not for classify.',
    'label-likelihood',
  ],
  [
    'an unknown option',
    { 'task.yaml': `${classify}options:\n  shot: 4\n` },
    'task.yaml:5:3: method "label-likelihood" has no option "shot".',
    'Did you mean "shots"?',
  ],
  ['a wrong option', { 'task.yaml': `${classify}options:\n  shots: -1\n` }, 'task.yaml:5:3: option "shots": '],
  [
    'an unknown metric',
    { 'task.yaml': `${classify}metrics:\n  acuracy: 0.9\n` },
    'task.yaml:5:3: no metric "acuracy" for classify.',
    'Did you mean "accuracy"?',
  ],
  [
    'a metric of another type',
    { 'task.yaml': `${classify}metrics: { entity-f1: 1 }\n` },
    'task.yaml:4:12: no metric "entity-f1" for classify.',
    'accuracy',
  ],
  [
    'a threshold with an unknown label',
    { 'task.yaml': `${classify}threshold:\n  min: 0.5\n  below: negativ\n` },
    'task.yaml:6:3: "negativ" is neither "abstain" nor a label.',
    'Did you mean "negative"?',
  ],
  ['a missing file of examples', { 'task.yaml': `${classify}examples: ex.jsonl\n` }, 'task.yaml:4:1: ', 'ex.jsonl'],
  ['a missing file of fixtures', { 'task.yaml': `${classify}fixtures: ex.jsonl\n` }, 'task.yaml:4:1: ', 'ex.jsonl'],
  ['a missing grammar', { 'task.yaml': `${generate}grammar: g.gbnf\n` }, 'task.yaml:3:1: ', 'g.gbnf'],
  ['a missing schema', { 'task.yaml': `${generate}schema: s.json\n` }, 'task.yaml:3:1: ', 's.json'],
  [
    'a schema that is not JSON',
    { 'task.yaml': `${generate}schema: s.json\n`, 's.json': '{"type": }' },
    's.json:1:11: not valid JSON',
  ],
  [
    'a bad grammar',
    { 'task.yaml': `${generate}grammar: g.gbnf\n`, 'g.gbnf': 'root ::= item\nitm ::= "a"\n' },
    'g.gbnf:1:10: ',
    'Did you mean "itm"?',
  ],
  [
    'schema and grammar',
    { 'task.yaml': `${generate}schema: {}\ngrammar: g.gbnf\n`, 'g.gbnf': 'root ::= "a"\n' },
    'task.yaml:4:1: give either',
  ],
  [
    'a bad template',
    { 'task.yaml': `${classify}prompt:\n  instruction: x\n  base: "{{ text"\n` },
    'task.yaml:6:3: ',
    'Jinja',
  ],
  [
    'a template with a bad block',
    { 'task.yaml': `${classify}prompt:\n  chat: "{% for %}"\n` },
    'task.yaml:5:3: ',
    'Jinja',
  ],
  [
    'no document',
    { 'task.yaml': `${answer}documents:\n  - a.md\n  - b.md\n`, 'a.md': 'x' },
    'task.yaml:5:5: no document at "b.md".',
    'folder/*.md',
  ],
  [
    'no document for a pattern',
    { 'task.yaml': `${answer}documents: docs/*.md\n`, 'docs/a.txt': 'x' },
    'task.yaml:3:',
    'no document at "docs/*.md".',
  ],
  [
    'more labels than the limit',
    { 'task.yaml': `name: t\ntype: classify\nlabels:\n${lines(2001, (i) => `  - l${i}`)}` },
    'task.yaml:3:1: 2001 labels; a task may have at most 2000.',
  ],
  [
    'more than a mebibyte',
    { 'task.yaml': `${classify}# ${'x'.repeat(1 << 20)}\n` },
    'task.yaml has 1 MiB; the limit is 1 MiB.',
  ],
  [
    'a schema of more than a mebibyte',
    { 'task.yaml': `${generate}schema: s.json\n`, 's.json': `"${'x'.repeat(2 << 20)}"` },
    's.json has 2 MiB; the limit is 1 MiB.',
  ],
  [
    'aliases that stand for a billion values',
    {
      'task.yaml': `${classify}metrics: &a0 [x]\n${lines(12, (i) => `m${i}: &a${i + 1} [${'*a0, '.repeat(9)}*a${i}]`)}`,
    },
    'task.yaml: Excessive alias count',
    'Write out',
  ],
  ['an alias of itself', { 'task.yaml': `${classify}options: &a { b: *a }\n` }, 'task.yaml: Converting circular'],
  [
    'a thousand brackets in each other',
    { 'task.yaml': `${classify}options: ${'['.repeat(1000)}${']'.repeat(1000)}\n` },
    'task.yaml:4: nested too deeply.',
  ],
  [
    'ten thousand lists in each other',
    { 'task.yaml': `${classify}options:\n  ${'- '.repeat(10_000)}x\n` },
    'task.yaml:5: nested too deeply.',
  ],
  [
    'a schema that the grammar cannot be made of, in its own file',
    {
      'task.yaml': `${generate}schema: s.json\n`,
      's.json': '{\n  "properties": {\n    "day": {"type": "dat"}\n  }\n}\n',
    },
    's.json:3:',
    '#/properties/day',
  ],
  [
    'a schema that the grammar cannot be made of',
    { 'task.yaml': `${generate}schema:\n  properties:\n    day: { $ref: "#/$defs/none" }\n` },
    'task.yaml:5:',
    '#/properties/day',
  ],
  [
    'an example that breaks the schema',
    {
      'task.yaml': `${generate}schema: { type: object, properties: { day: { type: integer } }, required: [day] }\nexamples: ex.jsonl\n`,
      'ex.jsonl': `${quoted({ text: 'a', output: { day: 1 } })}${quoted({ text: 'b', output: { day: 'Monday' } })}`,
    },
    'ex.jsonl:2: example "ex.jsonl:2": the output breaks the schema: at /day: must be integer.',
  ],
  [
    'an example that is not JSON where there is a schema',
    { 'task.yaml': `${generate}schema: { type: object }\nexamples: [{ text: a, output: "{" }]\n` },
    'task.yaml:4: example "examples[0]": the output is not JSON',
  ],
  [
    'a fixture that the grammar does not give',
    {
      'task.yaml': `${generate}grammar: g.gbnf\nexamples: [{ text: a, output: "yes" }]\nfixtures: [{ text: b, output: maybe }]\n`,
      'g.gbnf': 'root ::= " "? ("yes" | "no") "\\n"?\n',
    },
    'task.yaml:5: example "fixtures[0]": the output is none that the grammar gives.',
  ],
  [
    'labels that the type does not read',
    { 'task.yaml': `${generate}labels: [a, b]\n` },
    'task.yaml:3:1: a task of type "generate" does not read "labels".',
    'It is for classify and extract.',
  ],
  [
    'a threshold where nothing is scored',
    { 'task.yaml': `${generate}threshold: 0.5\n` },
    'task.yaml:3:1: a task of type "generate" does not read "threshold".',
  ],
  ['a schema where nothing is generated', { 'task.yaml': `${classify}schema: {}\n` }, 'task.yaml:4:1: a task of type'],
  ['documents where nothing is asked', { 'task.yaml': `${extract}documents: [.]\n` }, 'task.yaml:4:1: a task of type'],
  ['several labels of entities', { 'task.yaml': `${extract}multiLabel: true\n` }, 'task.yaml:4:1: a task of type'],
  [
    'a label to fall back to among several',
    { 'task.yaml': `${classify}multiLabel: true\nthreshold: { min: 0.5, below: positive }\n` },
    'task.yaml:5:',
    'one label',
  ],
  ['a schema that is a device', { 'task.yaml': `${generate}schema: /dev/zero\n` }, '/dev/zero is not a regular file'],
  [
    'examples that are a device',
    { 'task.yaml': `${classify}examples: /dev/zero\n` },
    '/dev/zero is not a regular file',
  ],
];

describe('a task.yaml with', () => {
  for (const [title, files, start, ...words] of wrong) {
    it(`${title} is an error that says where and what to do`, async (t) => {
      const message = await problem(t, files);
      assert.ok(message.startsWith(start), message);
      for (const word of words) assert.ok(message.includes(word), message);
    });
  }
});

describe('a file that is not what it should be', () => {
  it('is refused at once when it is a pipe or a device, whatever it is there for', { timeout: 20_000 }, async (t) => {
    const cwd = filesIn(t, { 'task.yaml': `${generate}schema: pipe\n` });
    execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd });
    const refused = (spec: string) =>
      assert.rejects(loadProfile(spec, { cwd, folders: [] }), /is not a regular file \(a pipe or a device\)/u);
    await refused('./task.yaml');
    symlinkSync('/dev/zero', path.join(cwd, 'endless.yaml'));
    await refused('./endless.yaml');
    renameSync(path.join(cwd, 'pipe'), path.join(cwd, 'pipe.yaml'));
    await refused('./pipe.yaml');
  });

  it('is not quoted: it may be one that nobody meant to show', async (t) => {
    const secret = 'hunter2:x:0:0:/root';
    for (const files of [
      { 'task.yaml': `${generate}schema: secret\n`, secret },
      { 'task.yaml': `${generate}grammar: secret\n`, secret },
      { 'task.yaml': `${classify}examples: secret\n`, secret },
      { 'task.yaml': `${classify}examples: secret.jsonl\n`, 'secret.jsonl': secret },
      { 'task.yaml': 'name: t\ninclude: ./secret.yaml\n', 'secret.yaml': secret },
    ]) {
      assert.doesNotMatch(await problem(t, files), /hunter2/u);
    }
  });
});

describe('examples', () => {
  const withExamples = (yaml: string, ...rows: unknown[]): Files => ({
    'task.yaml': `${yaml}examples: ex.jsonl\n`,
    'ex.jsonl': rows.map((row) => (typeof row === 'string' ? `${row}\n` : quoted(row))).join(''),
  });
  const good = { text: 'Fine.', label: 'positive' };

  const bad: readonly (readonly [title: string, files: Files, start: string, ...words: string[]])[] = [
    ['that are not JSON', withExamples(classify, good, '', '{"text": '), 'ex.jsonl:3: ', 'JSON'],
    ['without gold', withExamples(classify, good, { text: 'x' }), 'ex.jsonl:2: no "label"'],
    ['without text', withExamples(classify, { label: 'positive' }), 'ex.jsonl:1: no field "text"; it has "label".'],
    [
      'with a typo in the label',
      withExamples(classify, { id: 'd3', text: 'x', label: 'postive' }),
      'ex.jsonl:1: example "d3": label "postive"',
      'Did you mean "positive"?',
    ],
    [
      'with two labels',
      withExamples(classify, { text: 'x', labels: ['positive', 'negative'] }),
      'ex.jsonl:1: ',
      'multiLabel',
    ],
    [
      'with a span that is not there',
      withExamples(extract, { id: 'd3', text: 'Ann went.', entities: [{ text: 'Anna', label: 'person' }] }),
      'ex.jsonl:1: example "d3": marks "Anna", which its text does not contain.',
      'Copy the span exactly',
    ],
    [
      'with a span that is there twice',
      withExamples(extract, { text: 'Ann and Ann', entities: [{ text: 'Ann', label: 'person' }] }),
      'ex.jsonl:1: ',
      '2 times',
      '"start"',
    ],
    [
      'with wrong offsets',
      withExamples(extract, { text: '😀 Ann', entities: [{ text: 'Ann', label: 'person', start: 3, end: 6 }] }),
      'ex.jsonl:1: ',
      'code points',
    ],
    [
      'with an id twice',
      withExamples(classify, { ...good, id: 'a' }, { text: 'x', label: 'negative', id: 'a' }),
      'ex.jsonl:2: a second example with the id "a".',
    ],
  ];
  for (const [title, files, start, ...words] of bad) {
    it(`${title} are an error with file and line`, async (t) => {
      const message = await problem(t, files);
      assert.ok(message.startsWith(start), message);
      for (const word of words) assert.ok(message.includes(word), message);
    });
  }

  it('inside the task.yaml are an error with the line of their own', async (t) => {
    const inline = 'examples:\n  - text: a\n    label: positive\n  - text: b\n    label: bad\n';
    const message = await problem(t, { 'task.yaml': `${classify}${inline}` });
    assert.ok(message.startsWith('task.yaml:7: example "examples[1]": label "bad"'), message);
  });

  it('that are also fixtures are an error, however they are written', async (t) => {
    const fixtures = quoted({ id: 'f1', text: '  so-so,   FINE! ', label: 'negative' });
    const message = await problem(t, {
      'task.yaml': `${classify}examples: ex.jsonl\nfixtures: test.jsonl\n`,
      'ex.jsonl': quoted(good) + quoted({ id: 'e2', text: 'So so: fine', label: 'negative' }),
      'test.jsonl': fixtures,
    });
    assert.ok(message.startsWith('test.jsonl:1: test example "f1" is also example "e2" (ex.jsonl:2).'), message);
  });

  it('keep every field but the right answer, whatever its name is', async (t) => {
    const line = '{"text":"fine","label":"positive","tags":["x"],"__proto__":{"a":1},"2":"two"}\n';
    const { examples } = await load(t, { 'task.yaml': `${classify}examples: ex.jsonl\n`, 'ex.jsonl': line });
    const fields = examples[0]?.record.fields ?? {};
    assert.deepEqual(Object.keys(fields).sort(), ['2', '__proto__', 'text']);
    assert.equal(JSON.stringify(Object.getOwnPropertyDescriptor(fields, '__proto__')?.value), '{"a":1}');
  });

  it('without a single letter are told apart', async (t) => {
    const profile = await load(t, {
      'task.yaml': `${classify}examples: [{ text: "👍", label: positive }]\nfixtures: [{ text: "👎", label: negative }]\n`,
    });
    assert.equal(profile.fixtures.length, 1);
  });

  it('with the same question about another passage are none of the fixtures', async (t) => {
    const row = (context: string) => `{ question: How many?, context: ${context}, answers: [] }`;
    const files = (a: string, b: string) => ({
      'task.yaml': `${answer}examples: [${row(a)}]\nfixtures: [${row(b)}]\n`,
    });
    assert.equal((await load(t, files('three', 'four'))).fixtures.length, 1);
    assert.match(await problem(t, files('three', 'Three')), /is also example/u);
  });
});

describe('documents', () => {
  const files = { 'd/b.md': 'b', 'd/a.txt': 'a', 'd/c.png': 'c', 'd/sub/e.md': 'e', 'one.html': 'x' };
  const documents = async (t: TestContext, value: string) => {
    const cwd = filesIn(t, { ...files, 'task.yaml': `${answer}documents: ${value}\n` });
    const profile = await loadProfile('./task.yaml', { cwd, folders: [] });
    return profile.documents.map((file) => path.relative(cwd, file));
  };

  it('are the files of a folder and of those in it that have a known format, sorted', async (t) => {
    assert.deepEqual(await documents(t, 'd'), ['d/a.txt', 'd/b.md', 'd/sub/e.md']);
  });

  it('are what a pattern says', async (t) => {
    assert.deepEqual(await documents(t, 'd/*.md'), ['d/b.md']);
    assert.deepEqual(await documents(t, '"d/*"'), ['d/a.txt', 'd/b.md', 'd/c.png']);
  });

  it('are any file that is named', async (t) => {
    assert.deepEqual(await documents(t, '[one.html, d/c.png]'), ['one.html', 'd/c.png']);
  });
});

describe('the kind of answers', () => {
  it('names the method, also against that of an included task', async (t) => {
    for (const [kind, method] of [
      ['span', 'passage-spans'],
      ['sentences', 'passage-sentences'],
      ['verdict', 'passage-verdicts'],
    ])
      assert.equal((await load(t, { 'task.yaml': `${answer}answer: ${kind}\n` })).method, method);
    const parent = `${answer}method: passage-spans\noptions: {candidates: 2}\n`;
    const child = await load(t, { 'task.yaml': 'name: c\ninclude: ./p.yaml\nanswer: sentences\n', 'p.yaml': parent });
    assert.equal(child.method, 'passage-sentences');
    assert.ok(!('candidates' in child.options));
    const back = await load(t, {
      'task.yaml': 'name: c\ninclude: ./p.yaml\nmethod: passage-verdicts\n',
      'p.yaml': `${answer}answer: sentences\n`,
    });
    assert.equal(back.method, 'passage-verdicts');
  });

  it('is refused beside another method, with another type and where there is no such kind', async (t) => {
    const two = await problem(t, { 'task.yaml': `${answer}answer: sentences\nmethod: passage-spans\n` });
    assert.match(two, /task\.yaml:3:\d+: "answer: sentences" is the method "passage-sentences", but "method" is/u);
    assert.match(await problem(t, { 'task.yaml': `${classify}answer: span\n` }), /:4:\d+: .*does not read "answer"/u);
    assert.match(await problem(t, { 'task.yaml': `${answer}answer: poem\n` }), /:3:\d+/u);
  });
});

describe('include', () => {
  const parent = `name: parent
type: classify
labels: { good: Praise., bad: Blame. }
prompt: { instruction: Judge., base: "{{ text }} =>", use: base }
options: { shots: 2, calibration: none }
metrics: { accuracy: 0.8 }
threshold: 0.6
examples: ex.jsonl
`;
  const files = { 'tasks/parent/task.yaml': parent, 'tasks/parent/ex.jsonl': quoted({ text: 'Fine.', label: 'good' }) };
  const child = (t: TestContext, yaml: string) => load(t, { ...files, 'tasks/child/task.yaml': yaml }, 'child');

  it('inherits everything that the task does not say, files from their own folder', async (t) => {
    for (const include of ['parent', '../parent', '../parent/task.yaml']) {
      const profile = await child(t, `name: child\ninclude: ${include}\n`);
      assert.equal(profile.name, 'child');
      assert.equal(profile.path, path.join('tasks', 'child', 'task.yaml'));
      assert.deepEqual(
        profile.labels.map((label) => label.description),
        ['Praise.', 'Blame.'],
      );
      assert.equal(profile.examples[0]?.record.origin.file, path.join('tasks', 'parent', 'ex.jsonl'));
      assert.deepEqual(profile.threshold, { min: 0.6, below: 'abstain' });
    }
  });

  it('joins prompt, options and metrics key by key', async (t) => {
    const profile = await child(
      t,
      'name: child\ninclude: parent\nprompt: { instruction: Say. }\noptions: { shots: 1 }\nmetrics: { macro-f1: 0.7 }\n',
    );
    assert.equal(profile.prompt.instruction, 'Say.');
    assert.equal(profile.prompt.base, '{{ text }} =>');
    assert.deepEqual([profile.options.shots, profile.options.calibration], [1, 'none']);
    assert.deepEqual(profile.metrics, [
      { name: 'accuracy', min: 0.8 },
      { name: 'macro-f1', min: 0.7 },
    ]);
  });

  it('puts a model in the place of a cascade, a grammar in that of a schema, and the other way round', async (t) => {
    const both = async (own: string, inherited: string, type = classify) =>
      load(
        t,
        {
          'tasks/parent/task.yaml': `${type}${inherited}\n`,
          'tasks/child/task.yaml': `name: child\ninclude: parent\n${own}\n`,
          'tasks/child/g.gbnf': 'root ::= "a"\n',
          'tasks/parent/g.gbnf': 'root ::= "a"\n',
        },
        'child',
      );
    assert.equal((await both('model: one', 'cascade: [one, two]')).model, 'one');
    assert.match((await both('cascade: [one, two]', 'model: one')).model ?? '', /two/u);
    const withGrammar = await both('grammar: g.gbnf', 'schema: {type: object}', generate);
    assert.deepEqual([withGrammar.schema, withGrammar.grammar], [null, 'root ::= "a"\n']);
    const withSchema = await both('schema: {type: object}', 'grammar: g.gbnf', generate);
    assert.deepEqual([withSchema.schema, withSchema.grammar], [{ type: 'object' }, null]);
    await assert.rejects(both('model: one\ncascade: [one, two]', 'description: x'), /not both/u);
  });

  it('keeps which prompt is used, unless the task says otherwise', async (t) => {
    const use = async (yaml: string) => (await child(t, `name: child\ninclude: parent\n${yaml}`)).prompt.use;
    assert.equal(await use('prompt: { use: chat }\n'), 'chat');
    assert.equal(await use('prompt: { instruction: Say. }\n'), 'base');
  });

  it('replaces labels, threshold and examples as a whole', async (t) => {
    const profile = await child(t, 'name: child\ninclude: parent\nlabels: [yes, no]\nthreshold: 0.1\nexamples: []\n');
    assert.deepEqual(
      profile.labels.map((label) => label.name),
      ['yes', 'no'],
    );
    assert.deepEqual(profile.examples, []);
    assert.equal(profile.threshold.min, 0.1);
  });

  it('reads keys in quotes like any others', async (t) => {
    const profile = await child(t, 'name: child\ninclude: parent\n"threshold": 0.1\n');
    assert.equal(profile.threshold.min, 0.1);
  });

  it('drops the options of another method', async (t) => {
    const profile = await load(
      t,
      {
        'tasks/parent/task.yaml': `${classify}options: { shots: 2 }\n`,
        'tasks/child/task.yaml': 'include: parent\nmultiLabel: true\nmethod: label-decisions\n',
      },
      'child',
    );
    assert.equal(profile.method, 'label-decisions');
    assert.equal(profile.options.shots, 4);
  });

  it('goes over several tasks', async (t) => {
    const profile = await load(
      t,
      {
        ...files,
        'tasks/middle/task.yaml': 'name: middle\ninclude: parent\nthreshold: 0.2\n',
        'tasks/child/task.yaml': 'name: child\ninclude: middle\n',
      },
      'child',
    );
    assert.equal(profile.threshold.min, 0.2);
    assert.equal(profile.labels.length, 2);
  });

  it('of itself is an error that shows the way', async (t) => {
    const message = await problem(
      t,
      { 'tasks/a/task.yaml': 'name: a\ninclude: b\n', 'tasks/b/task.yaml': 'name: b\ninclude: ../a\n' },
      'a',
    );
    assert.match(
      message,
      /^tasks\/b\/task\.yaml:2:1: the task includes itself: tasks\/a\/task\.yaml → tasks\/b\/task\.yaml → tasks\/a\/task\.yaml/u,
    );
  });

  it('of an unknown task is an error with a suggestion', async (t) => {
    const message = await problem(t, { ...files, 'tasks/child/task.yaml': 'name: child\ninclude: parnt\n' }, 'child');
    assert.match(message, /^tasks\/child\/task\.yaml:2:1: no task "parnt"\. Did you mean "parent"\?/u);
  });
});

describe('finding a task', () => {
  const files = { 'tasks/sentiment/task.yaml': classify, 'tasks/empty/README.md': '' };

  it('goes by name, by folder or by file', async (t) => {
    for (const spec of ['sentiment', './tasks/sentiment', 'tasks/sentiment/', 'tasks/sentiment/task.yaml']) {
      assert.equal((await load(t, files, spec)).path, path.join('tasks', 'sentiment', 'task.yaml'));
    }
  });

  it('suggests a name', async (t) => {
    assert.match(
      await problem(t, files, 'sentimant'),
      /no task "sentimant"\. Did you mean "sentiment"\?.*slm tasks list/u,
    );
    assert.match(await problem(t, files, './nowhere'), /no task at "\.\/nowhere"/u);
  });

  it('takes the earlier folder where two have the name', (t) => {
    const cwd = filesIn(t, { 'a/x/task.yaml': '', 'b/x/task.yaml': '', 'b/y/task.yaml': '', 'b/z/README.md': '' });
    const folders = ['a', 'b', 'missing'].map((name) => ({ directory: path.join(cwd, name), title: name }));
    assert.deepEqual(
      listTasks(folders).map(({ name, title }) => [name, title]),
      [
        ['x', 'a'],
        ['y', 'b'],
      ],
    );
  });
});

describe('the default prompts', () => {
  const model = { format: 'base', chatTemplate: null, bosText: '', eosText: '' } as const;
  async function shown(t: TestContext, yaml: string, fields: Record<string, unknown>): Promise<string> {
    const profile = await load(t, { 'task.yaml': yaml });
    const { prefix, input } = methodOf(profile).renderer(profile, model)(fields);
    return [...prefix, ...input].map((segment) => segment.text).join('');
  }

  it('of a classification list the labels, one a line', async (t) => {
    const labels = 'labels: { good: Praise., bad: "" }\n';
    assert.equal(
      await shown(t, `name: t\ntype: classify\n${labels}`, { text: 'Fine.' }),
      'Choose the label that fits the text.\n- good: Praise.\n- bad\n\nText: Fine.\nLabel:',
    );
  });

  it('of several labels ask about one, with its description where there is one', async (t) => {
    const yaml = (description: string) =>
      `name: t\ntype: classify\nmultiLabel: true\nlabels: { spam: "${description}" }\nexamples: [{ text: Buy!, labels: [spam] }]\n`;
    assert.equal(
      await shown(t, yaml('Advertising.'), { text: 'Fine.' }),
      'Say whether the label holds for the text.\n\n' +
        'Text: Buy!\nLabel: spam (Advertising.)\nDoes it hold? yes\n\n' +
        'Text: Fine.\nLabel: spam (Advertising.)\nDoes it hold?',
    );
    assert.equal(
      await shown(t, yaml(''), { text: 'Fine.' }),
      'Say whether the label holds for the text.\n\n' +
        'Text: Buy!\nLabel: spam\nDoes it hold? yes\n\nText: Fine.\nLabel: spam\nDoes it hold?',
    );
  });

  it('of the other types are the input and where the model goes on', async (t) => {
    assert.equal(
      await shown(t, extract, { text: 'Ann.' }),
      'List what the text mentions, in its own words.\n\nText: Ann.\nperson:',
    );
    assert.equal(
      await shown(t, answer, { question: 'Who?', context: 'Ann.' }),
      'Answer the question with words of the passage.\n\nPassage: Ann.\nQuestion: Who?\nAnswer:',
    );
    assert.equal(await shown(t, generate, { text: 'a\nb' }), 'Input: a\nb\nOutput:');
  });
});

describe('the digest', () => {
  const files = {
    'task.yaml': `${classify}description: One.\nexamples: ex.jsonl\nfixtures: test.jsonl\nprompt: { base: "{{ text }}:" }\n`,
    'ex.jsonl': quoted({ id: 1, text: 'Fine.', label: 'positive' }),
    'test.jsonl': quoted({ text: 'Bad.', label: 'negative' }),
  };
  const digest = async (t: TestContext, changes: Partial<typeof files> = {}) =>
    (await load(t, { ...files, ...changes })).digest;
  const yaml = (from: string, to: string) => ({ 'task.yaml': files['task.yaml'].replace(from, to) });

  it('stays when nothing changes that results depend on', async (t) => {
    const before = await digest(t);
    assert.equal(await digest(t), before);
    assert.equal(await digest(t, yaml('One.', 'Two.')), before);
    assert.equal(await digest(t, yaml('name: t\n', 'name: t\nversion: 7\nmetrics: { accuracy: 0.1 }\n')), before);
    assert.equal(await digest(t, { 'test.jsonl': quoted({ text: 'Awful.', label: 'negative' }) }), before);
    assert.equal(await digest(t, { 'ex.jsonl': quoted({ id: 'renamed', text: 'Fine.', label: 'positive' }) }), before);
  });

  it('changes with prompt, labels, options, threshold, examples and their gold', async (t) => {
    const digests = await Promise.all([
      digest(t),
      digest(t, yaml('{{ text }}:', '{{ text }} =>')),
      digest(t, yaml('[positive, negative]', '[negative, positive]')),
      digest(t, yaml('[positive, negative]', '{ positive: Praise., negative: "" }')),
      digest(t, yaml('prompt:', 'options: { shots: 3 }\nprompt:')),
      digest(t, yaml('prompt:', 'threshold: 0.3\nprompt:')),
      digest(t, { 'ex.jsonl': quoted({ id: 1, text: 'Fine!', label: 'positive' }) }),
      digest(t, { 'ex.jsonl': quoted({ id: 1, text: 'Fine.', label: 'negative' }) }),
    ]);
    assert.equal(new Set(digests).size, digests.length);
  });

  it('is the same wherever the folder stands', async (t) => {
    const withGrammar = (g: string) => ({ 'task.yaml': `${generate}grammar: g.gbnf\n`, 'g.gbnf': g });
    const [a, b, c] = await Promise.all(
      ['"a"', '"a"', '"b"'].map((text) => load(t, withGrammar(`root ::= ${text}\n`))),
    );
    assert.equal(a?.digest, b?.digest);
    assert.notEqual(a?.digest, c?.digest);
  });
});

describe('the tasks that come along', () => {
  const cwd = path.resolve(import.meta.dirname, '../..');
  const folder = path.join(cwd, 'tasks');
  for (const name of readdirSync(folder)) {
    it(`${name} loads, with fixtures and examples`, async () => {
      const profile = await loadProfile(name, { cwd, folders: [{ directory: folder, title: 'built in' }] });
      assert.equal(profile.name, name);
      assert.ok(profile.fixtures.length >= 40, `${profile.fixtures.length} fixtures`);
      assert.ok(profile.examples.length >= 60, `${profile.examples.length} examples`);
    });
  }
});
