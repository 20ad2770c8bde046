import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { pythonWith } from '../helpers/python.js';
import { served } from '../helpers/served.js';
import { linesOf, readText, root, startServer, tempFolder } from '../helpers/slm.js';

const exec = promisify(execFile);
const withClients = pythonWith(['openai==3.57.0', 'huggingface_hub==2.4.0']);
const script = path.resolve(import.meta.dirname, '../helpers/clients.py');

/** The same requests as test/server-clients.test.ts has for Node; answered by rule, without a model. */
describe("the official clients for Python, OpenAI's and Hugging Face's", () => {
  // biome-ignore lint/suspicious/noExplicitAny: results of another process; each test asserts what it reads
  let got: any;
  before(async () => {
    const { python } = await withClients;
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

describe('docs/serve.md', () => {
  const blocks = [...readText('docs', 'serve.md').matchAll(/```(console|python|js)\n([\s\S]*?)```/gu)];
  const shown = blocks.map(([, language = '', text = '']) => ({ language, text }));

  it('shows what curl, Python and Node print', { timeout: 300_000 }, async (t) => {
    for (const language of ['console', 'python', 'js'])
      assert.ok(shown.filter((block) => block.language === language).length > 1, `examples in ${language}`);
    const { python } = await withClients;
    const cwd = tempFolder(t);
    const notes = ['Rosa Delgado flew to Aberdeen.', 'Nobody was there.'];
    writeFileSync(path.join(cwd, 'notes.jsonl'), notes.map((text) => `${JSON.stringify({ text })}\n`).join(''));
    writeFileSync(path.join(cwd, 'package.json'), '{"type":"module"}');
    mkdirSync(path.join(cwd, 'node_modules'));
    for (const name of ['openai', '@huggingface'])
      symlinkSync(path.join(root, 'node_modules', name), path.join(cwd, 'node_modules', name), 'dir');
    const { child, url } = await startServer('sentiment', 'ner');
    t.after(() => child.kill('SIGKILL'));
    const here = (text: string) => text.replaceAll('http://127.0.0.1:8080', url);
    const env = { ...process.env, HF_HUB_DISABLE_TELEMETRY: '1' };
    const run = async (program: string, file: string, text: string) => {
      writeFileSync(path.join(cwd, file), here(text));
      return (await exec(program, [file], { cwd, env })).stdout;
    };
    for (const { language, text } of shown) {
      if (language === 'python') compare(await run(python, 'example.py', text), commentsOf(text, '# '));
      else if (language === 'js') compare(await run(process.execPath, 'example.js', text), commentsOf(text, '// '));
      else
        for (const [, command = '', output = ''] of text.matchAll(/^\$ (curl (?:'[^']*'|[^'\n])*)\n((?:[^$].*\n)*)/gmu))
          compare(`${(await exec('sh', ['-c', here(command)], { cwd })).stdout.trimEnd()}\n`, output);
    }
  });

  /** Lines that are a comment as a whole say what is printed. */
  function commentsOf(text: string, mark: string): string {
    const found = linesOf(text).filter((line) => line.startsWith(mark));
    return found.map((line) => `${line.slice(mark.length)}\n`).join('');
  }

  /** Probabilities may differ a little between machines, and token counts with the prompt. */
  function compare(printed: string, expected: string): void {
    assert.notEqual(expected, '', `nothing says what is printed: ${printed}`);
    const decimal = /\d\.\d+(?:e-\d+)?/gu;
    const plain = (text: string) =>
      text.replace(decimal, '0.…').replace(/"(input|output)_tokens":\d+/gu, '"$1_tokens":…');
    assert.equal(plain(printed), plain(expected));
    const numbers = (text: string) => [...text.matchAll(decimal)].map(Number);
    const wanted = numbers(expected);
    numbers(printed).forEach((value, i) => {
      assert.ok(Math.abs(value - (wanted[i] as number)) < 0.05, `${printed}\n${expected}`);
    });
  }
});
