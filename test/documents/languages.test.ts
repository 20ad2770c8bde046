import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { indexInMemory } from '../../src/documents/memory-index.js';
import { sentences } from '../../src/segment.js';
import { root } from '../helpers/slm.js';

const folder = path.join(root, 'tasks/qa/languages');
interface Question {
  readonly id: string;
  readonly question: string;
  readonly answers: readonly string[];
}

for (const language of ['de', 'es', 'fr', 'zh']) {
  const documents = readdirSync(path.join(folder, language)).map((name) => ({
    id: name,
    source: name,
    text: readFileSync(path.join(folder, language, name), 'utf8'),
  }));
  const questions = readFileSync(path.join(folder, `${language}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Question);
  const answerable = questions.filter(({ answers }) => answers.length > 0);

  test(`${language}: 16 of 24 questions have an answer, in one sentence of a document`, () => {
    assert.equal(questions.length, 24);
    assert.equal(answerable.length, 16);
    const { passages } = indexInMemory(documents);
    for (const { id, answers } of answerable)
      assert.ok(
        passages.some(({ text }) => answers.some((answer) => text.includes(answer))),
        id,
      );
  });

  test(`${language}: the passage with the answer is one of the two that are read`, () => {
    const index = indexInMemory(documents);
    const found = answerable.filter(({ question, answers }) =>
      index
        .windows(question, 2, 1600)
        .some((window) => window.some(({ text }) => answers.some((answer) => text.includes(answer)))),
    );
    // Of one question in Spanish the verb stands in another form, and the noun everywhere.
    assert.ok(found.length >= 15, `${found.length} of 16`);
  });
}

test('sentences go on after German ordinals, spaced abbreviations and degrees', () => {
  for (const text of [
    'Sie wurde am 3. August 1927 eröffnet.',
    'Es dauert z. B. Bei Schnee länger.',
    'Der Turm stammt aus dem 12. Jahrhundert.',
    'Rufen Sie an: Tel. 04141 5527.',
    'Lo dijo un periódico de EE. UU. ayer.',
  ])
    assert.equal(sentences(text).length, 1, text);
  assert.equal(sentences('Au-dessous de 60 °C. Si le code s’affiche, appelez.').length, 2);
  assert.equal(sentences('他说：“走吧！”我们就走了。真的吗？真的。').length, 4);
});
