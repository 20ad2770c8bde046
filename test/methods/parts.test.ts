import assert from 'node:assert/strict';
import { it } from 'node:test';
import { promptLength, splitAtField } from '../../src/methods/parts.js';
import { compilePrompt } from '../../src/prompt.js';
import { profileWith } from '../helpers/profiles.js';

const base = { format: 'base', chatTemplate: null, bosText: '', eosText: '' } as const;

function split(template: string, fields: Record<string, string>, at: string[]) {
  const profile = profileWith({ prompt: { instruction: '', base: template, chat: '', use: 'base' } });
  const { shared, varying } = splitAtField(compilePrompt(profile, base, { shots: [] })(fields), at);
  return [shared, varying].map((segments) => segments.map((segment) => segment.text).join(''));
}

it('what comes before the named field is shared by all its values', () => {
  assert.deepEqual(split('Text: {{ text }}\n{{ span }} is a', { text: 'x y', span: 'y' }, ['span']), [
    ' x y\n',
    'y is a',
  ]);
});

it('the first of several named fields counts', () => {
  const fields = { text: 'x', label: 'a', description: 'd' };
  assert.deepEqual(split('{{ text }}: {{ description }} ({{ label }})?', fields, ['label', 'description']), [
    'x:',
    ' d (a)?',
  ]);
});

it('nothing is shared where the template has none of the fields, or begins with one', () => {
  assert.deepEqual(split('Text: {{ text }}\n', { text: 'x', span: 'y' }, ['span']), ['', ' x']);
  assert.deepEqual(split('{{ span }} in {{ text }}', { text: 'x', span: 'y' }, ['span']), ['', 'y in x']);
});

it('a prompt is as long as all its parts', () => {
  assert.equal(promptLength({ prefix: [[1, 2], [3]], input: [4] }), 4);
  assert.equal(promptLength({ prefix: [], input: [4] }), 1);
});
