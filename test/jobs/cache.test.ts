import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bucketStore } from '../../src/jobs/bucket-store.js';
import { knownOutputs } from '../../src/jobs/known-outputs.js';
import type { InputRecord, Output } from '../../src/types.js';
import { profileWith } from '../helpers/profiles.js';
import { tempFolder } from '../helpers/slm.js';

const keyOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

describe('the store', () => {
  it('gives back what was put in, to another process too', (t) => {
    const folder = path.join(tempFolder(t), 'results');
    const [one, other] = [bucketStore(folder), bucketStore(folder)];
    fc.assert(
      fc.property(fc.string(), fc.json(), (name, value) => {
        const line = JSON.stringify(JSON.parse(value));
        const key = keyOf(name + line);
        one.set(key, line);
        assert.equal(other.get(key), line);
        assert.equal(other.get(keyOf(`${name}${line}?`)), null);
      }),
      { numRuns: 100 },
    );
  });

  it('never gets larger than its limit, and keeps what is newest', (t) => {
    const folder = path.join(tempFolder(t), 'results');
    const store = bucketStore(folder, { buckets: 16, bucketBytes: 2000 });
    for (let i = 0; i < 2000; i++) store.set(keyOf(String(i)), `value ${i}`);
    const size = readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
    assert.ok(size <= 16 * 2000, `${size} bytes`);
    assert.equal(readdirSync(folder).length, 16);
    for (let i = 1950; i < 2000; i++) assert.equal(store.get(keyOf(String(i))), `value ${i}`);
    assert.equal(store.get(keyOf('0')), null);
  });

  it('does not take what would push out everything else', (t) => {
    const store = bucketStore(tempFolder(t), { buckets: 16, bucketBytes: 2000 });
    store.set(keyOf('a'), 'x'.repeat(600));
    assert.equal(store.get(keyOf('a')), null);
  });

  it('never gives back a torn or damaged entry, and the next one is whole', (t) => {
    const folder = tempFolder(t);
    const store = bucketStore(folder, { buckets: 16, bucketBytes: 20_000 });
    // All in one bucket.
    const keys = Array.from({ length: 400 }, (_, i) => keyOf(String(i))).filter((key) => key.startsWith('a'));
    const [first, second, third] = keys as [string, string, string];
    store.set(first, 'the first');
    const file = path.join(folder, 'a.log');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.slice(0, -3));
    assert.equal(store.get(first), null);
    store.set(second, 'the second');
    assert.equal(store.get(second), 'the second');
    appendFileSync(file, `\n${third} 00000000 forged`);
    assert.equal(store.get(third), null);
    assert.equal(store.get(second), 'the second');
  });
});

describe('known outputs', () => {
  const output: Output = {
    type: 'classify',
    labels: ['a'],
    abstained: false,
    score: 0.1 + 0.2,
    scores: { a: 0.1 + 0.2, b: 1 / 3 },
  };
  const recordOf = (text: string, fields: Record<string, unknown> = {}): InputRecord => ({
    index: 0,
    id: 'r',
    text,
    fields: { text, ...fields },
    added: null,
    origin: { file: '-', line: 1 },
  });
  const prompt = { instruction: '', base: '{{ text }} of {{ product }}:', chat: '{{ text }}', use: 'auto' } as const;
  const task = { profile: profileWith({ prompt }) };

  it('are the same to the last bit', async (t) => {
    const known = knownOutputs(bucketStore(tempFolder(t)), task, 'basis');
    assert.equal(await known.get(recordOf('x')), null);
    await known.set(recordOf('x'), output);
    assert.deepEqual(await known.get(recordOf('x')), output);
    assert.equal(known.hits, 1);
  });

  it('depend on the text, the basis, and the fields that the prompt names, not on others', async (t) => {
    const store = bucketStore(tempFolder(t));
    const known = knownOutputs(store, task, { threshold: 1 });
    await known.set(recordOf('x', { product: 'lamp', id: '1' }), output);
    assert.deepEqual(await known.get(recordOf('x', { product: 'lamp', id: '2', stars: 5 })), output);
    assert.equal(await known.get(recordOf('x', { product: 'pot', id: '1' })), null);
    assert.equal(await known.get(recordOf('y', { product: 'lamp', id: '1' })), null);
    const other = knownOutputs(store, task, { threshold: 2 });
    assert.equal(await other.get(recordOf('x', { product: 'lamp', id: '1' })), null);
  });

  const templates: Readonly<Record<string, readonly string[]>> = {
    '{{ text }} n and t, {% if n %}{{ product }}{% endif %}': ['n', 'product'],
    'a product n {{ text | upper }} {# n #} {{ "n" }}': [],
    '{% for x in items %}{{ x[key] }}{% else %}{{ n }}{% endfor %}': ['items', 'key', 'n'],
    '{% set product = n %}{{ {"a": key}["a"] ~ (items if product is defined) }}': ['n', 'key', 'items', 'product'],
    '{{ constructor }}{{ text.replace(n, key) }}': ['constructor', 'n', 'key'],
  };
  for (const [base, used] of Object.entries(templates)) {
    it(`depend on ${used.join(', ') || 'no other field'} for ${base}`, async (t) => {
      const named = { profile: profileWith({ prompt: { ...prompt, base } }) };
      const known = knownOutputs(bucketStore(tempFolder(t)), named, 'basis');
      await known.set(recordOf('x'), output);
      for (const name of ['n', 't', 'product', 'items', 'key', 'a', 'constructor'])
        assert.equal((await known.get(recordOf('x', { [name]: '1' }))) === null, used.includes(name), name);
    });
  }

  it('look at every field of a record whose answers are read from documents', async (t) => {
    const known = knownOutputs(bucketStore(tempFolder(t)), { profile: profileWith({ type: 'answer' }) }, 'basis');
    const answer: Output = { type: 'answer', answer: null, score: 0.2 };
    await known.set(recordOf('q', { context: 'a', id: '1' }), answer);
    assert.deepEqual(await known.get(recordOf('q', { context: 'a', id: '2' })), answer);
    assert.equal(await known.get(recordOf('q', { context: 'b', id: '1' })), null);
  });
});
