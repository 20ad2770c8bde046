import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { pythonWith } from '../helpers/python.js';
import { served } from '../helpers/served.js';

const exec = promisify(execFile);
const script = path.resolve(import.meta.dirname, '../helpers/clients.py');

/** The same requests as test/server-clients.test.ts has for Node; answered by rule, without a model. */
describe("the official clients for Python, OpenAI's and Hugging Face's", () => {
  // biome-ignore lint/suspicious/noExplicitAny: results of another process; each test asserts what it reads
  let got: any;
  before(async () => {
    const { python } = await pythonWith(['openai==3.57.0', 'huggingface_hub==2.4.0']);
    const { stdout } = await exec(python, [script, await served({ after })], {
      env: { ...process.env, HF_HUB_DISABLE_TELEMETRY: '1' },
    });
    got = JSON.parse(stdout);
  });

  it('get decisions of all kinds, and a refusal where a task abstains', () => {
    const [types, answers] = got.decisions;
    assert.deepEqual(types, [
      'AnswerAnswerResourceRefusal',
      'AnswerAnswerResourceChoice',
      'AnswerAnswerResourcePredicate',
      'AnswerAnswerResourceScore',
    ]);
    assert.deepEqual(answers[0], { type: 'refusal', name: 'own labels' });
    assert.equal(answers[1].choice, false);
    assert.equal(answers[2].probability, 0.6);
    assert.equal(answers[3].score, 0.5);
    assert.deepEqual(got.models, ['mood', 'names', 'facts', 'order', 'default']);
  });

  it('parse what a task generates, streaming or not', () => {
    const order = { length: 3, note: 'süß 😀' };
    assert.deepEqual(got.parsed, order);
    assert.deepEqual(got.streamed, [JSON.stringify(order), order]);
  });

  it('get classes, entities and answers', () => {
    assert.deepEqual(got.classified, [
      { label: 'good', score: 0.6 },
      { label: 'mixed', score: 0.3 },
    ]);
    assert.deepEqual(got.entities, [
      { entity_group: 'person', entity: null, score: 0.9, word: 'Rosa', start: 2, end: 6 },
    ]);
    assert.deepEqual(got.answer, { answer: 'Rosa', score: 0.8, start: 9, end: 13 });
    assert.deepEqual(got.answers, [{ answer: 'Rosa', score: 0.8, start: 7, end: 11 }]);
    assert.deepEqual(got['no answer'], { answer: '', score: 0.1, start: 0, end: 0 });
  });

  it('read what is wrong', () => {
    assert.match(got.refused, /^Error code: 404 - there is no model "nope" here/);
    assert.match(got['hugging face refused'], /there is no task "nope" here; there are mood/);
  });
});
