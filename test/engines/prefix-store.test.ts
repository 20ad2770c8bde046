import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { prefixKey, prefixStore, type StateSequence } from '../../src/engines/llama/prefix-store.js';

const prefix = Array.from({ length: 20 }, (_, i) => i);
const otherPrefix = prefix.map((token) => token + 100);
const hour = 3_600_000;

/** A sequence whose state is a text. */
function sequenceOf(state: string, accepts = true) {
  const calls: string[] = [];
  const sequence: StateSequence = {
    evaluate: async () => void calls.push('evaluate'),
    load: async (file) => {
      calls.push(`load ${readFileSync(file, 'utf8')}`);
      return accepts;
    },
    save: async (file) => {
      calls.push('save');
      writeFileSync(file, state);
    },
  };
  return { sequence, calls };
}

function storeIn(t: TestContext, options: { identity?: unknown[]; now?: () => number; maxBytes?: number } = {}) {
  const directory = path.join(mkdtempSync(path.join(tmpdir(), 'slm-prefixes-')), 'prefixes');
  t.after(() => rmSync(path.dirname(directory), { recursive: true, force: true }));
  const open = (identity: unknown[] = ['model']) => prefixStore({ directory, identity, now: () => 0, ...options });
  return { directory, open, states: () => readdirSync(directory).sort() };
}

describe('a prefix', () => {
  it('is evaluated once, and read from then on', async (t) => {
    const { open } = storeIn(t);
    const first = sequenceOf('abc');
    assert.equal(await open().enter(prefix, first.sequence), false);
    assert.deepEqual(first.calls, ['evaluate', 'save']);
    const second = sequenceOf('abc');
    assert.equal(await open().enter(prefix, second.sequence), true);
    assert.deepEqual(second.calls, ['load abc']);
  });

  it('is not that of other tokens or of another model', async (t) => {
    const { open } = storeIn(t);
    await open().enter(prefix, sequenceOf('abc').sequence);
    for (const [identity, tokens] of [
      [['model'], otherPrefix],
      [['other model'], prefix],
    ] as const) {
      const { sequence, calls } = sequenceOf('xyz');
      assert.equal(await open([...identity]).enter(tokens, sequence), false);
      assert.deepEqual(calls, ['evaluate', 'save']);
    }
  });

  it('is waited for while another slot evaluates it', async (t) => {
    const { open } = storeIn(t);
    const store = open();
    const [one, two] = [sequenceOf('abc'), sequenceOf('abc')];
    // Of two that begin at once, either may be the first to find no file.
    let second: Promise<boolean> | undefined;
    const evaluate = () => {
      second = store.enter(prefix, two.sequence);
      return one.sequence.evaluate();
    };
    const first = await store.enter(prefix, { ...one.sequence, evaluate });
    assert.deepEqual([first, await second], [false, true]);
    assert.deepEqual(two.calls, ['load abc']);
  });

  it('is evaluated by the second slot when the first one fails', async (t) => {
    const { open } = storeIn(t);
    const store = open();
    const { sequence, calls } = sequenceOf('abc');
    let second: Promise<boolean> | undefined;
    const evaluate = () => {
      second = store.enter(prefix, sequence);
      return Promise.reject(new Error('no memory'));
    };
    await assert.rejects(store.enter(prefix, { ...sequenceOf('').sequence, evaluate }), /no memory/u);
    assert.equal(await second, false);
    assert.equal(calls[0], 'evaluate');
  });

  it('that is short is not worth a file', async (t) => {
    const { open, directory } = storeIn(t);
    const { sequence, calls } = sequenceOf('abc');
    await open().enter([1, 2, 3], sequence);
    assert.deepEqual(calls, ['evaluate']);
    assert.throws(() => readdirSync(directory));
  });

  it('works without a place to write to', async (t) => {
    const { open, directory } = storeIn(t);
    writeFileSync(directory, 'a file, not a folder');
    const { sequence, calls } = sequenceOf('abc');
    assert.equal(await open().enter(prefix, sequence), false);
    assert.equal(calls[0], 'evaluate');
  });
});

describe('a state file', () => {
  const damages: Record<string, (file: string) => void> = {
    'is cut off': (file) => writeFileSync(file, readFileSync(file).subarray(0, -1)),
    'has a byte changed': (file) => writeFileSync(file, 'abd'),
    'is empty': (file) => writeFileSync(file, ''),
    'is called after another key': (file) => {
      const digest = path.basename(file).split('-')[1];
      renameSync(file, path.join(path.dirname(file), `${prefixKey(['model'], otherPrefix)}-${digest}`));
    },
  };
  for (const [title, damage] of Object.entries(damages)) {
    it(`that ${title} is never given to llama.cpp, and is replaced`, async (t) => {
      const { open, directory, states } = storeIn(t);
      await open().enter(prefix, sequenceOf('abc').sequence);
      damage(path.join(directory, states()[0] as string));
      for (const tokens of [prefix, otherPrefix]) {
        const { sequence, calls } = sequenceOf('abc');
        assert.equal(await open().enter(tokens, sequence), false);
        assert.deepEqual(calls, ['evaluate', 'save']);
      }
      assert.equal(states().length, 2);
    });
  }

  it('that does not lead to the prefix is evaluated instead', async (t) => {
    const { open } = storeIn(t);
    await open().enter(prefix, sequenceOf('abc').sequence);
    const { sequence, calls } = sequenceOf('abc', false);
    assert.equal(await open().enter(prefix, sequence), false);
    assert.deepEqual(calls, ['load abc', 'evaluate', 'save']);
  });
});

describe('the folder', () => {
  it('keeps what was used last when it is full', async (t) => {
    let now = 0;
    const { open, directory, states } = storeIn(t, { now: () => now, maxBytes: 5 });
    await open(['a']).enter(prefix, sequenceOf('aa').sequence);
    await open(['b']).enter(prefix, sequenceOf('bb').sequence);
    for (const name of states()) utimesSync(path.join(directory, name), 1, 1);
    now = 10_000;
    await open(['a']).enter(prefix, sequenceOf('aa').sequence);
    await open(['c']).enter(prefix, sequenceOf('cc').sequence);
    const left = states().map((name) => readFileSync(path.join(directory, name), 'utf8'));
    assert.deepEqual(left.sort(), ['aa', 'cc']);
  });

  it('loses leftovers of killed processes, once they are old', async (t) => {
    let now = Date.now();
    const { open, directory, states } = storeIn(t, { now: () => now });
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'x.partial'), '');
    await open(['a']).enter(prefix, sequenceOf('a').sequence);
    assert.ok(states().includes('x.partial'));
    now += 2 * hour;
    await open(['b']).enter(prefix, sequenceOf('b').sequence);
    assert.ok(!states().includes('x.partial'));
  });

  it('takes no more than 8 prefixes of a process', async (t) => {
    const { open, states } = storeIn(t);
    const store = open();
    for (let i = 0; i < 12; i++) await store.enter([...prefix, i], sequenceOf(`${i}`).sequence);
    assert.equal(states().length, 8);
  });
});
