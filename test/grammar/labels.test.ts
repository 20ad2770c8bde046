import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import type { Llama } from 'node-llama-cpp';
import { checkGrammar } from '../../src/grammar/gbnf.js';
import { labelsToGrammar } from '../../src/grammar/labels.js';
import { loadGrammarEngine, matcherOf } from '../helpers/gbnf-walk.js';

let llama: Llama;
before(async () => {
  llama = await loadGrammarEngine();
});
after(async () => {
  await llama.dispose();
});

it('accepts exactly the labels, whatever characters they have', async () => {
  const label = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 6 })
    .filter((s) => !s.includes('\0') && s.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(label, { minLength: 1, maxLength: 5 }), label, async (labels, other) => {
      const grammar = labelsToGrammar(labels);
      assert.equal(checkGrammar(grammar), null, grammar);
      const matches = await matcherOf(llama, grammar);
      for (const text of labels) assert.ok(matches(text), grammar);
      assert.equal(matches(other), labels.includes(other), grammar);
    }),
  );
});

it('writes quotes, backslashes and newlines as escapes and keeps a leading space', () => {
  assert.equal(
    labelsToGrammar([' a', 'say "hi"', 'b\\n\n', 'é☺', ' a']),
    'root ::= " a" | "say \\"hi\\"" | "b\\\\n\\n" | "é☺"\n',
  );
});

it('refuses no labels, empty labels and NUL', () => {
  assert.throws(() => labelsToGrammar([]), /at least one label/);
  assert.throws(() => labelsToGrammar(['a', '']), /Label 2 is empty/);
  assert.throws(() => labelsToGrammar(['a\0']), /Label 1 contains a NUL/);
});
