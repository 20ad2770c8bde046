import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { SlmError } from '../../src/errors.js';
import { decodeHead } from '../../src/heads/head-file.js';
import { findTunedSettings, withTunedSettings } from '../../src/profile/tuned-settings.js';
import {
  removeTunedSettings,
  type UnwrittenSettings,
  writeTunedSettings,
} from '../../src/profile/write-tuned-settings.js';
import type { StoredNumbers } from '../../src/types.js';
import { profileWith } from '../helpers/profiles.js';

const sha = 'ab'.repeat(32);
const profile = profileWith();

const settings: UnwrittenSettings = {
  task: 'sentiment',
  model: 'tiny',
  modelSha256: sha,
  profile: profile.digest,
  method: 'head',
  options: { shots: 0 },
  learned: {},
  threshold: { min: 0.4, below: 'abstain' },
  data: { file: 'rows.csv', n: 40, sha256: sha },
  seed: 1,
  scores: { tuned: { value: 0.9, low: 0.8, high: 1 } },
  trials: [{ title: 'a', n: 40 }],
};

const blob: StoredNumbers = {
  kind: 'classifier',
  settings: { labels: ['a'] },
  arrays: { rows: Float32Array.of(1, 2) },
};
const head = { stored: blob, coarse: [] };

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'slm-settings-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function found(cwd: string, model = 'tiny') {
  const settingsFile = findTunedSettings([cwd], model, cwd, 'mood');
  assert.ok(settingsFile !== null);
  return settingsFile;
}

const refusal = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SlmError, String(error));
  assert.match(error.message, message);
  assert.equal(error.exitCode, 2);
  assert.match(String(error.hint), /tune|--reset/iu);
  return true;
};

test('words for labels are read, and change what results depend on', (t) => {
  const cwd = folder(t);
  writeTunedSettings(cwd, settings, null);
  const before = withTunedSettings(profile, found(cwd), sha);
  assert.deepEqual(before.labels, profile.labels);
  writeTunedSettings(cwd, { ...settings, learned: { verbalizers: { positive: 'very good' } } }, null);
  const after = withTunedSettings(profile, found(cwd), sha);
  assert.deepEqual(
    after.labels.map(({ name, word }) => [name, word]),
    profile.labels.map(({ name, word }) => [name, name === 'positive' ? 'very good' : word]),
  );
  assert.notEqual(before.digest, after.digest);
});

test('further sets of examples are read, and change what results depend on', (t) => {
  const cwd = folder(t);
  const examples = [{ fields: { text: 'one' }, label: 'positive' }];
  const digestWith = (more: object) => {
    writeTunedSettings(cwd, { ...settings, learned: { examples, ...more } }, null);
    return withTunedSettings(profile, found(cwd), sha).digest;
  };
  const ensemble = [[{ fields: { text: 'two' }, label: 'negative' }]];
  assert.notEqual(digestWith({}), digestWith({ ensemble }));
  assert.deepEqual(withTunedSettings(profile, found(cwd), sha).tuned?.learned, { examples, ensemble });
});

test('what is written is read, and the profile goes by it', (t) => {
  const cwd = folder(t);
  const file = writeTunedSettings(cwd, settings, head);
  assert.equal(file, path.join(cwd, 'tiny.yaml'));
  const tuned = withTunedSettings(profile, found(cwd), sha);
  assert.equal(tuned.method, 'head');
  assert.deepEqual(tuned.options, { shots: 0, windowTokens: 96 });
  assert.deepEqual(tuned.threshold, { min: 0.4, below: 'abstain' });
  assert.deepEqual(tuned.prompt, profile.prompt);
  assert.deepEqual(tuned.tuned?.numbers, blob);
  assert.deepEqual(tuned.tuned?.learned, {});
  assert.equal(tuned.tuned?.file, file);
});

test('prompt, few-shot examples and calibration come along where the settings has them', (t) => {
  const cwd = folder(t);
  const prompt = { instruction: 'Say it.', base: '{{ text }} =', chat: '{{ text }}', use: 'base' as const };
  const shots = [{ fields: { text: 'fine: "yes" # no comment' }, label: 'positive' }];
  const calibration = { temperature: 1.5, bias: [0.1, -0.1] };
  writeTunedSettings(
    cwd,
    { ...settings, method: 'label-likelihood', learned: { prompt, examples: shots, calibration } },
    null,
  );
  const tuned = withTunedSettings(profile, found(cwd), sha);
  assert.deepEqual(tuned.prompt, prompt);
  assert.deepEqual(tuned.tuned?.learned, { prompt, examples: shots, calibration });
  assert.equal(tuned.tuned?.numbers, null);
});

test('the digest of a result changes with whatever decides it, and not with what only tells of it', (t) => {
  const digestWith = (changes: Partial<typeof settings>, side: typeof head | null = head) => {
    const cwd = folder(t);
    writeTunedSettings(cwd, { ...settings, ...changes }, side);
    return withTunedSettings(profile, found(cwd), sha).digest;
  };
  const base = digestWith({});
  assert.notEqual(base, profile.digest);
  assert.equal(digestWith({ trials: [], seed: 2, scores: {} }), base);
  const others = [
    digestWith({ options: { shots: 8 } }),
    digestWith({ threshold: { min: 0.5, below: 'abstain' } }),
    digestWith({ learned: { verbalizers: { positive: 'fine' } } }),
    digestWith({ learned: { examples: [{ fields: { text: 'x' }, label: 'positive' }] } }),
    digestWith({}, null),
    digestWith({}, { ...head, stored: { ...blob, arrays: { rows: Float32Array.of(1, 3) } } }),
  ];
  assert.equal(new Set([base, ...others]).size, 7);
});

test('the same tuning gives the same bytes', (t) => {
  const bytes = () => {
    const cwd = folder(t);
    writeTunedSettings(cwd, settings, head);
    return readdirSync(cwd)
      .sort()
      .map((name) => [name, readFileSync(path.join(cwd, name))]);
  };
  assert.deepEqual(bytes(), bytes());
});

test('another profile, model or side file is refused, with the way out', (t) => {
  const cwd = folder(t);
  writeTunedSettings(cwd, settings, head);
  assert.throws(
    () => withTunedSettings(profileWith({ digest: 'other' }), found(cwd), sha),
    refusal(/tiny\.yaml: the task "sentiment" has changed since it was tuned/u),
  );
  assert.throws(
    () => withTunedSettings(profile, found(cwd), 'cd'.repeat(32)),
    refusal(/made for another version of the model file of tiny/u),
  );
  assert.throws(
    () => withTunedSettings(profile, found(cwd), 'cd'.repeat(32)),
    (error: SlmError) => /`slm tune sentiment -m tiny --reset`/u.test(error.hint ?? ''),
  );
  writeFileSync(path.join(cwd, 'tiny.head'), 'something else');
  assert.throws(
    () => withTunedSettings(profile, found(cwd), sha),
    refusal(/tiny\.head is not the file that the tuned settings name/u),
  );
  rmSync(path.join(cwd, 'tiny.head'));
  assert.throws(() => withTunedSettings(profile, found(cwd), sha), refusal(/tiny\.head cannot be read/u));
});

test('a changed bit anywhere in the file is refused', (t) => {
  const cwd = folder(t);
  const file = writeTunedSettings(cwd, settings, null);
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (bytes[at] as number) ^ (1 << (at % 7));
    writeFileSync(file, changed);
    assert.throws(() => found(cwd), refusal(/^tiny\.yaml/u), `bit ${at % 7} of byte ${at}`);
  }
  writeFileSync(file, bytes.subarray(0, -80));
  assert.throws(() => found(cwd), refusal(/no digest in its last line/u));
  writeFileSync(file, bytes.toString().replaceAll('\n', '\r\n'));
  assert.equal(found(cwd).settings.method, 'head');
});

test('an settings is found by model, the first folder before the second', (t) => {
  const [one, two] = [folder(t), folder(t)];
  assert.equal(findTunedSettings([one, two], 'tiny', one, 'mood'), null);
  writeTunedSettings(two, settings, null);
  assert.equal(findTunedSettings([one, two], 'tiny', one, 'mood')?.file, path.join(two, 'tiny.yaml'));
  writeTunedSettings(one, settings, null);
  assert.equal(findTunedSettings([one, two], 'tiny', one, 'mood')?.file, path.join(one, 'tiny.yaml'));
  assert.equal(findTunedSettings([one, two], 'other', one, 'mood'), null);
});

test('writing without a head takes the side file of an earlier one away; removing takes both', (t) => {
  const cwd = folder(t);
  writeTunedSettings(cwd, settings, head);
  writeTunedSettings(cwd, settings, null);
  assert.deepEqual(readdirSync(cwd), ['tiny.yaml']);
  writeTunedSettings(cwd, settings, head);
  assert.ok(existsSync(path.join(cwd, 'tiny.head')));
  assert.equal(removeTunedSettings(cwd, 'tiny'), true);
  assert.deepEqual(readdirSync(cwd), []);
  assert.equal(removeTunedSettings(cwd, 'tiny'), false);
});

test('settings that several processes write at once are whole at any moment, and fit their side file in the end', async (t) => {
  const cwd = folder(t);
  const write = `
    import { writeTunedSettings } from ${JSON.stringify(new URL('../../src/profile/write-tuned-settings.ts', import.meta.url).href)};
    const [own] = process.argv.slice(-1);
    const arrays = { rows: Float32Array.from({ length: 20000 }, () => Number(own)) };
    const stored = { kind: 'classifier', settings: { labels: ['a'] }, arrays };
    const settings = { ...${JSON.stringify(settings)}, seed: Number(own) };
    for (let i = 0; i < 60; i++) writeTunedSettings(${JSON.stringify(cwd)}, settings, { stored, coarse: [] });
  `;
  const writers = [1, 2].map((own) =>
    once(spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', write, String(own)]), 'close'),
  );
  let over = false;
  const end = Promise.all(writers).then((codes) => {
    over = true;
    return codes;
  });
  let reads = 0;
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!existsSync(path.join(cwd, 'tiny.yaml'))) continue;
    found(cwd);
    decodeHead(readFileSync(path.join(cwd, 'tiny.head')));
    reads++;
  }
  assert.deepEqual(
    (await end).map(([code]) => code),
    [0, 0],
  );
  assert.ok(reads > 10);
  withTunedSettings(profile, found(cwd), sha);
  assert.deepEqual(readdirSync(cwd).sort(), ['tiny.head', 'tiny.yaml']);
});
