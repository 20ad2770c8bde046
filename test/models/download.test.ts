import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { SlmError } from '../../src/errors.js';
import { fileError, isDiskFull } from '../../src/models/disk.js';
import type { ModelEnvironment } from '../../src/models/types.js';
import { type StubFile, startHub } from '../helpers/hub-stub.js';
import { addManifest, emptyStore, resolveAndRecord } from '../helpers/model-store.js';
import { sha256, tinyGguf } from '../helpers/tiny-gguf.js';

const body = tinyGguf({ weights: 500_000 });
const digest = sha256(body);
const hubPath = '/owner/repo/resolve/v1/tiny.gguf';
const hubSource = '  - hf:owner/repo/tiny.gguf#v1';

/** A hub with one file, and a catalogue with a model that comes from it. */
async function hubWith(t: TestContext, file: Partial<StubFile>, more = '', changes: Partial<ModelEnvironment> = {}) {
  const hub = await startHub(t, { [hubPath]: { body, ...file } });
  const env = emptyStore(t, { hfEndpoint: hub.endpoint, ...changes });
  addManifest(env, 'tiny', hubSource, more);
  return { ...hub, env, gets: () => hub.seen.filter(({ server, method }) => server === 'content' && method === 'GET') };
}

function refused(error: Error | null, message: RegExp): void {
  assert.ok(error instanceof SlmError, String(error?.stack));
  assert.equal(error.exitCode, 3);
  assert.match(error.message, message);
}

function leftovers(env: ModelEnvironment): boolean {
  const file = path.join(env.dataDir, 'models', 'tiny.gguf');
  return existsSync(file) || existsSync(`${file}.partial`);
}

test('a model is downloaded through the redirect, checked, and used from the store the next time', async (t) => {
  const { env, gets } = await hubWith(t, { etag: '"e1"' }, `sha256: ${digest}\nbytes: ${body.length}\n`);
  const first = await resolveAndRecord('tiny', env);
  assert.equal(first.error, null);
  assert.equal(first.model?.sha256, digest);
  assert.deepEqual(readFileSync(first.model?.path ?? ''), body);
  assert.equal(first.progress.at(-1)?.receivedBytes, body.length);
  assert.equal(first.progress[0]?.totalBytes, body.length);
  assert.ok(!existsSync(`${first.model?.path}.partial`));
  const second = await resolveAndRecord('tiny', { ...env, offline: true });
  assert.equal(second.model?.path, first.model?.path);
  assert.equal(gets().length, 1);
});

/** What was sent before the cut. Of the last of it, some may be lost with the connection. */
const mostReceived = 700_000;

test('a connection that is cut is continued where it ended', async (t) => {
  const { env, gets } = await hubWith(t, { etag: '"e1"', cutAfter: mostReceived }, `sha256: ${digest}\n`);
  const { model, error } = await resolveAndRecord('tiny', env);
  assert.equal(error, null);
  assert.equal(model?.sha256, digest);
  const [first, second, ...more] = gets().map(({ range }) => range);
  assert.deepEqual([first, more], [undefined, []]);
  const from = Number(/^bytes=(\d+)-$/u.exec(second ?? '')?.[1]);
  assert.ok(from > 0 && from <= mostReceived, second);
});

test('a download that another run left is continued', async (t) => {
  const { env, gets } = await hubWith(t, { etag: '"e1"', cutAfter: mostReceived }, `sha256: ${digest}\n`, {
    network: { stallMs: 30_000, retries: 0, retryMs: 5 },
  });
  refused((await resolveAndRecord('tiny', env)).error, /broke|ended after/);
  const { size } = statSync(path.join(env.dataDir, 'models', 'tiny.gguf.partial'));
  assert.ok(size > 0 && size <= mostReceived, `${size}`);
  const { model, progress } = await resolveAndRecord('tiny', env);
  assert.equal(model?.sha256, digest);
  assert.equal(gets().at(-1)?.range, `bytes=${size}-`);
  assert.ok((progress[0]?.receivedBytes ?? 0) > size);
});

test('a file that changed since it was interrupted is fetched from the start', async (t) => {
  const { env, gets } = await hubWith(t, { etag: '"new"' });
  const models = path.join(env.dataDir, 'models');
  mkdirSync(models, { recursive: true });
  writeFileSync(path.join(models, 'tiny.gguf.partial'), 'the old file');
  const bookmark = { source: 'hf:owner/repo/tiny.gguf#v1', validator: '"old"' };
  writeFileSync(path.join(models, 'tiny.gguf.partial.json'), JSON.stringify(bookmark));
  const { model } = await resolveAndRecord('tiny', env);
  assert.equal(model?.sha256, digest);
  assert.deepEqual(
    gets().map(({ range }) => range),
    ['bytes=12-'],
  );
});

test('a continued download that does not match is fetched once more from the start', async (t) => {
  const { env, gets } = await hubWith(t, { etag: '"e1"' }, `sha256: ${digest}\n`);
  const models = path.join(env.dataDir, 'models');
  mkdirSync(models, { recursive: true });
  writeFileSync(path.join(models, 'tiny.gguf.partial'), 'damaged half');
  const bookmark = { source: 'hf:owner/repo/tiny.gguf#v1', validator: '"e1"' };
  writeFileSync(path.join(models, 'tiny.gguf.partial.json'), JSON.stringify(bookmark));
  const { model, notices } = await resolveAndRecord('tiny', env);
  assert.equal(model?.sha256, digest);
  assert.deepEqual(
    gets().map(({ range }) => range),
    ['bytes=12-', undefined],
  );
  assert.ok(notices.some((text) => /starting again/.test(text)));
});

test('server errors that may pass are tried again', async (t) => {
  const { env, gets } = await hubWith(t, { failFirst: [503, 429] });
  assert.equal((await resolveAndRecord('tiny', env)).model?.sha256, digest);
  assert.equal(gets().length, 3);
});

test('server errors that stay end with the status', async (t) => {
  const { env, gets } = await hubWith(t, { failFirst: [503, 503, 503, 503, 503] });
  refused((await resolveAndRecord('tiny', env)).error, /answered 503/);
  assert.equal(gets().length, 3);
});

test('a server that sends nothing is given up', async (t) => {
  const { env } = await hubWith(t, { delayMs: 5000 }, '', { network: { stallMs: 200, retries: 1, retryMs: 5 } });
  refused((await resolveAndRecord('tiny', env)).error, /sent nothing for 0\.2 s/);
});

test('a web page in place of the file is refused before it is written', async (t) => {
  const { env } = await hubWith(t, {
    body: Buffer.from('<html>Sign in</html>'),
    contentType: 'text/html; charset=utf-8',
  });
  refused((await resolveAndRecord('tiny', env)).error, /sent a web page or text \(text\/html/);
  assert.ok(!leftovers(env));
});

test('something else than a model is refused and removed', async (t) => {
  const { env } = await hubWith(t, { body: Buffer.from('version https://git-lfs.github.com/spec/v1\n') });
  refused((await resolveAndRecord('tiny', env)).error, /not a usable model: .* is a Git LFS pointer/);
  assert.ok(!leftovers(env));
});

test('a wrong digest is refused and the file removed', async (t) => {
  const { env } = await hubWith(t, {}, `sha256: ${'0a'.repeat(32)}\n`);
  refused((await resolveAndRecord('tiny', env)).error, new RegExp(`has the sha256 ${digest}, expected 0a0a`));
  assert.ok(!leftovers(env));
});

test('a digest of the hub that contradicts the manifest is refused without downloading', async (t) => {
  const { env, gets } = await hubWith(t, { linkedEtag: digest }, `sha256: ${'0a'.repeat(32)}\n`);
  refused((await resolveAndRecord('tiny', env)).error, /the file there has the sha256/);
  assert.equal(gets().length, 0);
});

test('the hub’s digest is checked when the manifest has none', async (t) => {
  const { env } = await hubWith(t, { linkedEtag: 'f'.repeat(64) });
  refused((await resolveAndRecord('tiny', env)).error, /expected ffff/);
});

test('a size other than the manifest’s is refused without downloading', async (t) => {
  const { env, gets } = await hubWith(t, {}, 'bytes: 12345\n');
  refused((await resolveAndRecord('tiny', env)).error, new RegExp(`has ${body.length} bytes, expected 12345`));
  assert.equal(gets().length, 0);
});

test('a server that sends more than the file has is left', async (t) => {
  const { env } = await hubWith(t, { endless: true }, `bytes: ${body.length}\n`);
  refused((await resolveAndRecord('tiny', env)).error, new RegExp(`sends more than the ${body.length} bytes`));
  assert.ok(!leftovers(env));
});

test('the token goes to the hub and not to the host that it redirects to', async (t) => {
  const { env, seen } = await hubWith(t, { token: 'secret' }, '', { hfToken: 'secret' });
  assert.equal((await resolveAndRecord('tiny', env)).error, null);
  const sent = seen.map(({ server, authorization }) => [server, authorization]);
  assert.deepEqual(sent, [
    ['hub', 'Bearer secret'],
    ['hub', 'Bearer secret'],
    ['content', undefined],
  ]);
});

test('401 without a token says how to get one; with a token, that it does not suffice', async (t) => {
  const { env } = await hubWith(t, { token: 'secret' });
  const { error } = await resolveAndRecord('tiny', env);
  refused(error, /answered 401.*needs a login, or does not exist/);
  assert.match((error as SlmError).hint ?? '', /HF_TOKEN/);
  refused(
    (await resolveAndRecord('tiny', { ...env, hfToken: 'other' })).error,
    /the token in HF_TOKEN gives no access/,
  );
});

test('404 names the file, the repository and the revision', async (t) => {
  const { env } = await hubWith(t, {});
  const { error } = await resolveAndRecord('hf:owner/repo/other.gguf#v1', env);
  refused(error, /answered 404.*no file "other\.gguf" in owner\/repo at revision v1/);
});

test('an address is stored under its file name and a digest of the address', async (t) => {
  const { env } = await hubWith(t, {});
  const { model } = await resolveAndRecord('hf:owner/repo/tiny.gguf#v1', env);
  assert.match(model?.name ?? '', /^tiny-[0-9a-f]{8}$/);
  // From now on the name is enough.
  assert.equal((await resolveAndRecord(model?.name ?? '', { ...env, offline: true })).model?.path, model?.path);
});

test('https addresses: the same download; plain http needs a digest unless the host is this machine', async (t) => {
  const { env, contentUrl } = await hubWith(t, { etag: '"e1"', cutAfter: 1000 });
  assert.equal((await resolveAndRecord(`${contentUrl}${hubPath}`, env)).model?.sha256, digest);
  refused((await resolveAndRecord('http://example.invalid/x.gguf', env)).error, /plain http/);
});

test('the next source is tried, with a notice that says why', async (t) => {
  const { env } = await hubWith(t, {});
  addManifest(env, 'tiny', `  - hf:owner/gone/tiny.gguf\n${hubSource}`);
  const { model, notices } = await resolveAndRecord('tiny', env);
  assert.equal(model?.sha256, digest);
  assert.ok(
    notices.some((text) => /gone.*answered 404.*Trying hf:owner\/repo\/tiny\.gguf#v1/.test(text)),
    notices.join('\n'),
  );
});

test('when no source works, each is listed with its reason', async (t) => {
  const { env } = await hubWith(t, {});
  addManifest(env, 'tiny', '  - hf:owner/gone/tiny.gguf\n  - file:/nowhere/tiny.gguf');
  refused(
    (await resolveAndRecord('tiny', env)).error,
    /any of its sources:\n {2}hf:owner\/gone.*404.*\n {2}file:\/nowhere.*cannot read/s,
  );
});

test('alternatives that are other files have digests of their own', async (t) => {
  const { env } = await hubWith(t, {});
  addManifest(
    env,
    'tiny',
    `  - {hf: owner/repo/tiny.gguf#v1, sha256: ${digest}}`,
    `sha256: ${'1b'.repeat(32)}\nbytes: 99\n`,
  );
  assert.equal((await resolveAndRecord('tiny', env)).model?.sha256, digest);
  assert.equal((await resolveAndRecord('tiny', env)).model?.sha256, digest);
});

test('a network that is down is named', async (t) => {
  const env = emptyStore(t);
  addManifest(env, 'tiny', hubSource);
  refused(
    (await resolveAndRecord('tiny', env)).error,
    /cannot reach 127\.0\.0\.1:\d+: no connection \(ECONNREFUSED\).*is the network up\?/,
  );
});

test('a file source is copied into the store', async (t) => {
  const env = emptyStore(t, { offline: true });
  writeFileSync(path.join(env.builtinDir, 'weights.gguf'), body);
  addManifest(env, 'tiny', '  - file:weights.gguf');
  const { model } = await resolveAndRecord('tiny', env);
  assert.equal(model?.sha256, digest);
  assert.equal(model?.path, path.join(env.dataDir, 'models', 'tiny.gguf'));
});

for (const [title, answer, wanted] of [
  [
    'a redirect to what is no address',
    'HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n',
    /redirects to an invalid address/,
  ],
  ['an answer that is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', /answered with something that is not HTTP/],
] as const) {
  test(`${title} is an error of the source`, async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { error } = await resolveAndRecord(`http://127.0.0.1:${port}/tiny.gguf`, emptyStore(t));
    refused(error, wanted);
  });
}

test('an address in HF_ENDPOINT that is none, and a token that no header can carry, are named and not shown', async (t) => {
  const { env, seen } = await hubWith(t, {});
  const refusedWith = async (changes: Partial<ModelEnvironment>, message: RegExp) => {
    const { error } = await resolveAndRecord('tiny', { ...env, ...changes });
    refused(error, message);
    assert.doesNotMatch(`${error?.message} ${(error as SlmError).hint}`, /secr/u);
  };
  for (const hfEndpoint of ['hf-mirror.com', 'http//x', 'ftp://x.y', ''])
    await refusedWith({ hfEndpoint }, /HF_ENDPOINT is ".*", which is no address of a hub/u);
  await refusedWith({ hfEndpoint: 'https://me:secret@hub.example' }, /HF_ENDPOINT has a password/u);
  for (const hfToken of ['hf_secr…', 'hf_secr\nret', 'hf_secr et'])
    await refusedWith({ hfToken }, /HF_TOKEN has a character/u);
  assert.deepEqual(seen, []);
});

test('a file that may not become so large is no defect, and no reason to try the next source', () => {
  for (const [code, message] of [
    ['EFBIG', /^Cannot write in \/models: the file may not become larger/u],
    ['ENOSPC', /^Not enough disk space in \/models/u],
  ] as const) {
    const shown = fileError(Object.assign(new Error(`${code}: write`), { code }), '/models');
    refused(shown as Error, message);
    assert.ok(isDiskFull(shown as SlmError));
    assert.match((shown as SlmError).hint ?? '', /XDG_DATA_HOME/u);
  }
});
