import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { liesIn, shownPath } from '../../src/profile/paths.js';

const cwd = path.resolve('/home/ada');

test('a path is shown relative to the working folder, which is a dot, and absolute outside of it', () => {
  const shown = (file: string) => shownPath(path.resolve(cwd, file), cwd);
  assert.equal(shown('.'), '.');
  assert.equal(shown('notes/a.md'), path.join('notes', 'a.md'));
  assert.equal(shown('..'), path.resolve('/home'));
  assert.equal(shown('../bob'), path.resolve('/home/bob'));
});

test('a name that begins with two dots lies where it lies', () => {
  assert.equal(shownPath(path.join(cwd, '..notes', 'a.md'), cwd), path.join('..notes', 'a.md'));
  assert.equal(shownPath(path.join(cwd, '...'), cwd), '...');
  assert.equal(liesIn(path.resolve('/home/ada'), cwd), true);
  assert.equal(liesIn(path.resolve('/home/adam'), cwd), false);
  assert.equal(liesIn(path.resolve('/home'), cwd), false);
});
