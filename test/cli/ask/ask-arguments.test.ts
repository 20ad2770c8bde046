import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readArguments } from '../../../src/cli/ask/ask-arguments.js';
import type { SlmError } from '../../../src/errors.js';
import { tempFolder } from '../../helpers/slm.js';

function folder(t: TestContext): string {
  const cwd = tempFolder(t);
  mkdirSync(path.join(cwd, 'my notes'));
  writeFileSync(path.join(cwd, 'a b.md'), 'x');
  writeFileSync(path.join(cwd, 'a.md'), 'x');
  symlinkSync('loop', path.join(cwd, 'loop'));
  return cwd;
}

describe('the words of slm ask', () => {
  test('are paths where they exist, whatever blanks they have, and a question first where they do not', (t) => {
    const cwd = folder(t);
    const read = (...[first, ...files]: string[]) => readArguments(cwd, first, files);
    assert.deepEqual(read(), { question: null, folders: ['.'] });
    for (const name of ['my notes', 'a b.md', 'a.md', path.join(cwd, 'my notes')]) {
      assert.deepEqual(read(name), { question: null, folders: [name] });
      assert.deepEqual(read('who?', name), { question: 'who?', folders: [name] });
      assert.deepEqual(read(name, 'a.md'), { question: null, folders: [name, 'a.md'] });
    }
    for (const question of ['who is it?', 'notes', 'a.md/x', 'long '.repeat(200)])
      assert.deepEqual(read(question), { question, folders: ['.'] });
    for (const pattern of ['*.md', '*', path.join(cwd, '*.md')]) {
      assert.deepEqual(read(pattern), { question: null, folders: [pattern] });
      assert.deepEqual(read('who?', pattern), { question: 'who?', folders: [pattern] });
    }
    assert.deepEqual(read('*.pdf'), { question: '*.pdf', folders: ['.'] });
    assert.deepEqual(read('who?', '-', 'a.md'), { question: 'who?', folders: ['-', 'a.md'] });
  });

  test('are refused with the reason', (t) => {
    const cwd = folder(t);
    for (const [words, why] of [
      [[''], /the question is empty/u],
      [['-'], /"-" is no question/u],
      [['-', 'a.md'], /"-" is no question/u],
      [['a.md', '-'], /"-" cannot be a document/u],
      [['who?', 'nowhere'], /no file or folder "nowhere"/u],
      [['a.md', 'a.md/x'], /no file or folder "a\.md\/x"/u],
      [['loop'], /"loop" cannot be read: a link that leads back to itself/u],
      [['who?', 'loop'], /"loop" cannot be read: a link that leads back to itself/u],
    ] as const) {
      const [first, ...files] = words;
      assert.throws(
        () => readArguments(cwd, first, files),
        (error: SlmError) => error.kind === 'usage' && why.test(error.message),
        words.join(' '),
      );
    }
  });

  test('with a pattern in quotes that names no file say what the shell does with it', (t) => {
    for (const pattern of ['*.pdf', 'a?.md', '**/*.md'])
      assert.throws(
        () => readArguments(folder(t), 'who?', [pattern]),
        (error: SlmError) => /no file or folder/u.test(error.message) && /quotes/u.test(error.hint ?? ''),
      );
  });

  test('that may not be read are not said to be missing', {
    // Nothing is closed to root, nor on Windows.
    skip: process.getuid === undefined || process.getuid() === 0,
  }, (t) => {
    const cwd = folder(t);
    const closed = path.join(cwd, 'my notes');
    writeFileSync(path.join(closed, 'in.md'), 'x');
    chmodSync(closed, 0);
    t.after(() => chmodSync(closed, 0o700));
    for (const name of ['my notes', 'my notes/in.md']) {
      for (const [first, ...files] of [[name], ['who?', name]] as const)
        assert.throws(() => readArguments(cwd, first, files), /cannot be read: permission denied/u);
    }
  });
});
