import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { extractText } from '../../src/documents/extract.js';
import { findManifest } from '../../src/models/index.js';
import { loadProfile } from '../../src/profile/index.js';

const root = path.resolve(import.meta.dirname, '../..');
const context = { cwd: root, folders: [{ directory: path.join(root, 'tasks'), title: 'built in' }] };
const models = ['gemma-3-270m', 'smollm2-135m-instruct'].map((name) =>
  findManifest(name, { configDir: path.join(root, 'none'), builtinDir: path.join(root, 'models') }),
);

/** At least this many, says the promise of the shipped tasks. */
const least = {
  sentiment: { examples: 1500, fixtures: 120 },
  ner: { examples: 300, fixtures: 40 },
  qa: { examples: 60, fixtures: 40 },
};

for (const [name, { examples, fixtures }] of Object.entries(least)) {
  describe(`the task ${name}`, () => {
    it('brings enough examples and fixtures, none of which leaks into the other', async () => {
      const profile = await loadProfile(name, context);
      assert.ok(profile.examples.length >= examples);
      assert.ok(profile.fixtures.length >= fixtures);
    });

    it('has constants for both models that fit it as it is now: else `slm tasks calibrate` was forgotten', async () => {
      const { digest } = await loadProfile(name, context);
      const constants = JSON.parse(readFileSync(path.join(root, 'tasks', name, 'calibration.json'), 'utf8')) as object;
      for (const model of models) {
        const ending = `${model?.sha256} ${digest}`;
        assert.ok(
          Object.keys(constants).some((key) => key.endsWith(ending)),
          `none for ${model?.name}`,
        );
      }
    });
  });
}

describe('the everyday lines of sentiment', () => {
  const rows = readFileSync(path.join(root, 'tasks/sentiment/everyday.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { text: string; label: string });
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();

  it('are twenty of each label, and no example or fixture repeats one', async () => {
    const { labels, examples, fixtures } = await loadProfile('sentiment', context);
    for (const { name } of labels) assert.equal(rows.filter(({ label }) => label === name).length, 20);
    const known = new Set([...examples, ...fixtures].map(({ record }) => plain(record.text)));
    assert.deepEqual(
      rows.filter(({ text }) => known.has(plain(text))),
      [],
    );
  });
});

describe('the examples of sentiment', () => {
  it('are balanced: no label has more than 1.5 times as many as another, and none stands there twice', async () => {
    const { labels, examples } = await loadProfile('sentiment', context);
    const counts = labels.map(
      ({ name }) => examples.filter(({ gold }) => gold.type === 'classify' && gold.labels.includes(name)).length,
    );
    assert.ok(Math.max(...counts) <= 1.5 * Math.min(...counts), counts.join(' '));
    const texts = examples.map(({ record }) => record.text.toLowerCase().trim());
    assert.equal(new Set(texts).size, texts.length);
  });
});

describe('the questions of qa about a web page and a PDF', () => {
  const folder = path.join(root, 'tasks/qa/pages');
  const rows = readFileSync(`${folder}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; question: string; source: string; answers: string[] });

  it('are forty, ten of them without an answer, and every answer stands in its document', async () => {
    assert.equal(rows.length, 40);
    assert.equal(rows.filter(({ answers }) => answers.length === 0).length, 10);
    for (const name of ['ferry.html', 'wells.pdf']) {
      const bytes = readFileSync(path.join(folder, name));
      const { text } = await extractText({ name, bytes }, (message) => assert.fail(message));
      const plain = text.replace(/\s+/gu, ' ').toLowerCase();
      for (const { id, answers } of rows.filter(({ source }) => source === name)) {
        const isThere = answers.length === 0 || answers.some((answer) => plain.includes(answer.toLowerCase()));
        assert.ok(isThere, id);
      }
    }
  });
});
