import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLikeness } from '../../src/methods/likeness.js';

test('texts are compared with the question behind what the model wants before each, and embedded once', async () => {
  const asked: string[][] = [];
  const vectors: Readonly<Record<string, Float32Array>> = {
    'q: where?': Float32Array.of(1, 0),
    'q: who?': Float32Array.of(0, 1),
    'p: here': Float32Array.of(1, 0),
    'p: she': Float32Array.of(0, 1),
  };
  const likeness = createLikeness({
    prefixes: { text: '', query: 'q: ', passage: 'p: ' },
    async embed(texts) {
      asked.push([...texts]);
      return texts.map((text) => vectors[text] ?? assert.fail(text));
    },
  });
  assert.deepEqual(await likeness('where?', ['here', 'she', 'here']), [1, 0, 1]);
  assert.deepEqual(await likeness('who?', ['she', 'here']), [1, 0]);
  assert.deepEqual(asked, [['q: where?', 'p: here', 'p: she'], ['q: who?']]);
});

test('questions that are compared at the same time do not take each other what is kept', async () => {
  const held: (() => void)[] = [];
  let holds = false;
  const likeness = createLikeness({
    prefixes: { text: '', query: '', passage: '' },
    async embed(texts) {
      if (holds) await new Promise<void>((resolve) => held.push(resolve));
      return texts.map(() => Float32Array.of(1));
    },
  });
  await likeness('first', ['kept']);
  holds = true;
  const waiting = likeness('second', ['kept', 'new']);
  holds = false;
  // More than are kept, so that the oldest go.
  for (let i = 0; i < 5; i++) {
    await likeness(
      'third',
      Array.from({ length: 1000 }, (_, n) => `${i} ${n}`),
    );
  }
  for (const release of held) release();
  assert.deepEqual(await waiting, [1, 1]);
});
