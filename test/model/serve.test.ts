import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { pythonWith } from '../helpers/python.js';
import { exitOf, moodTask, runSlm, slmEnv, startServer, tempFolder } from '../helpers/slm.js';

const exec = promisify(execFile);

describe('slm serve', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  before(async () => {
    server = await startServer(moodTask());
  });
  after(() => server.child.kill('SIGKILL'));

  it('gives the same numbers as slm run', async () => {
    const response = await fetch(`${server.url}/run/mood`, { method: 'POST', body: '{"text":"Kind staff."}\n' });
    const line = await response.text();
    const { stdout } = await runSlm(['run', moodTask(), '-f', 'jsonl', '--input-format', 'jsonl'], {
      input: '{"text":"Kind staff."}\n',
    });
    assert.equal(line, stdout);
  });

  it('goes on after clients that hang up, and after bad requests', async () => {
    const hangUp = async () => {
      const stop = AbortSignal.timeout(30);
      const body = '{"text":"Kind staff."}\n'.repeat(500);
      await fetch(`${server.url}/run/mood`, { method: 'POST', body, signal: stop }).then((r) => r.text());
    };
    await Promise.allSettled([hangUp(), hangUp(), hangUp()]);
    assert.equal((await fetch(`${server.url}/v1/systemone`, { method: 'POST', body: '{' })).status, 422);
    const response = await fetch(`${server.url}/models/mood`, { method: 'POST', body: '{"inputs":"Kind staff."}' });
    assert.equal(((await response.json()) as { label: string }[][])[0]?.[0]?.label, 'good');
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /slm_requests_under_way 0/);
  });

  it('passes every requirement of jevcompat that applies', async (t) => {
    const { bin } = await pythonWith(['jevcompat==0.1.1']);
    const report = path.join(tempFolder(t), 'report.json');
    const run = exec(path.join(bin, 'jevcompat'), ['test', server.url, '--timeout', '600', '--json', report], {
      env: slmEnv(),
      maxBuffer: 1 << 24,
    });
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    assert.match(stdout, /conformant/, stdout);
    assert.doesNotMatch(stdout, /✗/, stdout);
  });

  it('ends within two seconds of a signal', async () => {
    const start = performance.now();
    server.child.kill('SIGTERM');
    const code = await exitOf(server.child);
    assert.ok(performance.now() - start < 10_000);
    assert.notEqual(code, null);
  });
});

describe('slm serve with keys', () => {
  it('refuses a file without keys, and a port that is taken', async (t) => {
    const folder = tempFolder(t);
    writeFileSync(path.join(folder, 'keys'), '# none\n');
    const none = await runSlm(['serve', moodTask(), '--api-key-file', path.join(folder, 'keys')]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /has no keys/);
    const { child, url } = await startServer(moodTask());
    const taken = await runSlm(['serve', moodTask(), '--port', new URL(url).port]);
    child.kill('SIGKILL');
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /something else does/);
  });
});
