import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../helpers/slm.js';

describe('the declarations of the library', () => {
  it('keep the references to libraries of types, which the compiler leaves out unless it is told', () => {
    const folder = path.join(root, 'src', 'library');
    const texts = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
    const references = texts.flatMap((text) => text.match(/^\/\/\/ <reference .*$/gmu) ?? []);
    assert.notEqual(references.length, 0);
    for (const reference of references) assert.match(reference, / preserve="true" /u);
  });
});
