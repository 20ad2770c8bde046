import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';
import { collect, exitOf, moodTask, runSlm, startSlm, tempFolder, until, writeTask } from '../helpers/slm.js';

/** A second task on the same examples, so that a second model is loaded. */
function otherTask(): string {
  return writeTask('other', {
    'task.yaml':
      'name: other\ntype: classify\nlabels: [yes, no]\noptions:\n  shots: 0\n  calibration: none\nprompt:\n  instruction: ""\n' +
      '  base: |\n    Text: {{ text }}\n    Good:\n  use: base\n',
  });
}

async function start(args: readonly string[]) {
  const child = startSlm(['serve', ...args]);
  const stderr = collect(child.stderr);
  await until(() => /; Ctrl-C/u.test(stderr()) || child.exitCode !== null, 'the server to listen');
  return { child, stderr, url: /at (\S+);/u.exec(stderr())?.[1] ?? '' };
}

const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers });

describe('limits of slm serve', () => {
  it('keeps within --max-memory by freeing the model that was used least lately, asks for keys, cuts nothing', async (t) => {
    const keys = path.join(tempFolder(t), 'keys');
    writeFileSync(keys, '# ours\nfirst key\n second \n');
    const { child, url, stderr } = await start([
      moodTask(),
      otherTask(),
      '--port',
      '0',
      '--max-memory',
      '1M',
      '--api-key-file',
      keys,
      '--log',
    ]);
    const key = { Authorization: 'Bearer second' };
    const loaded = async () => ((await (await fetch(`${url}/readyz`)).json()) as { loaded: string[] }).loaded;
    assert.equal((await post(`${url}/models/mood`, '{"inputs":"Kind."}')).status, 401);
    assert.equal(
      (await post(`${url}/models/mood`, '{"inputs":"Kind."}', { Authorization: 'Bearer # ours' })).status,
      401,
    );
    assert.equal((await post(`${url}/models/mood`, '{"inputs":"Kind."}', key)).status, 200);
    assert.deepEqual(await loaded(), ['mood']);
    assert.equal((await post(`${url}/models/other`, '{"inputs":"Kind."}', key)).status, 200);
    assert.deepEqual(await loaded(), ['other']);

    // Far more than the model reads at once: the end decides as much as the beginning.
    const long = (last: string) => `{"inputs":${JSON.stringify(`${'Kind staff, a great view. '.repeat(100)}${last}`)}}`;
    const scoreOf = async (text: string) => {
      const labels = (await (await post(`${url}/models/mood`, text, key)).json()) as {
        label: string;
        score: number;
      }[][];
      return labels[0]?.find(({ label }) => label === 'good')?.score;
    };
    assert.notEqual(await scoreOf(long('')), await scoreOf(long('Broken, awful, a waste of money. '.repeat(30))));
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 0);
    assert.doesNotMatch(stderr(), /Kind|second/u);
  });

  it('listens on a socket that its owner alone can open, and takes it away in the end', async (t) => {
    const socket = path.join(tempFolder(t), 'slm.sock');
    const { child } = await start([moodTask(), '--unix', socket]);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const answer = await new Promise<string>((resolve, reject) => {
      const asking = request({ socketPath: socket, path: '/models/mood', method: 'POST' }, async (response) => {
        const text = collect(response);
        await once(response, 'end');
        resolve(text());
      });
      asking.on('error', reject);
      asking.end('{"inputs":"Kind staff."}');
    });
    assert.equal(JSON.parse(answer)[0][0].label, 'good');
    const taken = await runSlm(['serve', moodTask(), '--unix', socket]);
    assert.match(taken.stderr, /something else does/);
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 0);
    assert.equal(existsSync(socket), false);
  });

  it('finishes a request that is under way when it is told to end', async () => {
    const { child, url } = await start([moodTask(), '--port', '0', '--preload']);
    const asked = post(`${url}/run/mood`, '{"text":"Kind staff."}\n{"text":"Awful."}\n');
    const response = await asked;
    child.kill('SIGTERM');
    const lines = (await response.text()).trim().split('\n');
    assert.equal(lines.length, 2, lines.join());
    assert.equal(await exitOf(child), 0);
  });
});
