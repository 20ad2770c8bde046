import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { linesOf, parsed, runSlm, starterTask } from '../helpers/slm.js';

const news =
  '🎉📈 Siemens opened a plant in Łódź on Monday. 👩‍👩‍👧 "It took six years," said Angela Merkel, ' +
  'who flew in from Paris. The German group employs 300 people there; Nestlé and the 東京 office of Sony watch closely.';

before(async () => {
  await modelFile(gemma);
  await modelFile(smollm);
});

interface Found {
  text: string;
  label: string;
  start: number;
  end: number;
  score?: number;
}

const cut = {
  codepoint: (text: string, { start, end }: Found) => [...text].slice(start, end).join(''),
  utf16: (text: string, { start, end }: Found) => text.slice(start, end),
  byte: (text: string, { start, end }: Found) => Buffer.from(text).subarray(start, end).toString('utf8'),
};

function assertGrounded(text: string, entities: readonly Found[], labels: RegExp): void {
  for (const entity of entities) {
    assert.equal(cut.codepoint(text, entity), entity.text);
    assert.match(entity.label, labels);
    assert.ok(entity.text.trim() !== '');
    assert.ok(entity.score === undefined || (entity.score >= 0 && entity.score <= 1));
  }
}

describe('slm run ner', () => {
  const labels = /^(person|organization|location|misc)$/u;

  test('offsets are right behind emoji, in every unit', { timeout: 1_200_000 }, async () => {
    const found: Found[][] = [];
    for (const unit of ['codepoint', 'utf16', 'byte'] as const) {
      const { code, stdout, stderr } = await runSlm(['run', 'ner', '-t', news, '--json', '--offsets', unit], {
        timeoutMs: 900_000,
      });
      assert.equal(code, 0, stderr);
      const [result] = parsed(stdout);
      assert.equal(result.text, news);
      const entities: Found[] = result.entities;
      for (const entity of entities) {
        assert.equal(cut[unit](news, entity), entity.text, unit);
        assert.match(entity.label, labels);
      }
      found.push(entities);
    }
    const [codepoint, utf16, byte] = found as [Found[], Found[], Found[]];
    const textsOf = (entities: Found[]) => entities.map((entity) => `${entity.text} ${entity.label}`);
    assert.deepEqual(textsOf(utf16), textsOf(codepoint));
    assert.deepEqual(textsOf(byte), textsOf(codepoint));
    // Of seven names; six or seven were found where this was written.
    const names = ['Siemens', 'Łódź', 'Angela Merkel', 'Paris', 'German', 'Nestlé', 'Sony'];
    const hits = names.filter((name) => codepoint.some((entity) => entity.text === name));
    assert.ok(hits.length >= 3, hits.join(', '));
    for (let i = 1; i < codepoint.length; i++) {
      assert.ok((codepoint[i] as Found).start >= (codepoint[i - 1] as Found).end, 'sorted, without overlap');
      assert.ok((utf16[i] as Found).start > (codepoint[i] as Found).start, 'emoji before it count twice in UTF-16');
    }
  });

  test('a row an entity in tsv; a text without names gives none', { timeout: 1_200_000 }, async () => {
    const { code, stdout, stderr } = await runSlm(
      ['run', 'ner', '-t', 'Angela Merkel lives in Berlin.', '-t', 'it rained all day', '-t', ''],
      { timeoutMs: 900_000 },
    );
    assert.equal(code, 0, stderr);
    const rows = linesOf(stdout).map((line) => line.split('\t'));
    for (const cells of rows) {
      assert.equal(cells.length, 6);
      assert.match(cells[0] as string, labels);
      assert.ok('Angela Merkel lives in Berlin. it rained all day'.includes(cells[1] as string));
      assert.match(cells[4] as string, /^[01]\.\d{4}$/u);
    }
    assert.ok(rows.length >= 1);
  });

  test('a long text is cut, with offsets in the whole', { timeout: 1_200_000 }, async () => {
    const filler = 'nothing of note happened on that day, and it went on raining. '.repeat(12);
    const text = `${filler}Angela Merkel met Siemens in Paris. ${filler}👋 Angela Merkel left Berlin.`;
    const { code, stdout, stderr } = await runSlm(['run', 'ner', '--json', '--context-size', '768'], {
      input: text,
      timeoutMs: 900_000,
    });
    assert.equal(code, 0, stderr);
    const [{ entities }] = parsed(stdout);
    assertGrounded(text, entities, labels);
    const starts = entities.map((entity: Found) => entity.start);
    assert.deepEqual(
      starts,
      [...starts].sort((a, b) => a - b),
    );
    assert.ok(
      starts.some((start: number) => start > [...filler].length * 2),
      'an entity of the last sentence',
    );
  });
});

for (const model of [gemma, smollm]) {
  test(`labels of one's own give only spans of the input (${model})`, async () => {
    const task = await starterTask('medicines', 'extract');
    const texts = [
      'Give amoxicillin 250 mg three times a day 💊, then stop.',
      'The patient slept well.',
      'Ibuprofène 400 mg au besoin — et 二 comprimés de パラセタモール.',
    ];
    const { code, stdout, stderr } = await runSlm(
      ['run', task, '-m', model, '--json', ...texts.flatMap((text) => ['-t', text])],
      { timeoutMs: 600_000 },
    );
    assert.equal(code, 0, stderr);
    const results = parsed(stdout);
    assert.equal(results.length, 3);
    for (const [i, { entities }] of results.entries())
      assertGrounded(texts[i] as string, entities, /^(medicine|dose)$/u);
  });
}
