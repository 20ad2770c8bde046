import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { runSlm } from './helpers/slm.js';

const project = mkdtempSync(path.join(tmpdir(), 'slm-cards-'));
after(() => rmSync(project, { recursive: true, force: true }));
const env = { XDG_CACHE_HOME: path.join(project, 'cache') };
const slm = (...args: string[]) => runSlm(args, { cwd: project, env });

describe('a task that was checked before', async () => {
  assert.equal((await slm('tasks', 'init', 'mail', '--type', 'answer')).code, 0);
  const examples = path.join(project, 'tasks', 'mail', 'examples.jsonl');
  const first = await slm('tasks', 'validate', 'mail');
  assert.equal(first.code, 0, first.stderr);

  it('is said to be sound again, from what was kept', async () => {
    assert.ok(readdirSync(path.join(env.XDG_CACHE_HOME, 'slm', 'tasks')).length > 0);
    assert.equal((await slm('tasks', 'validate', 'mail')).stdout, first.stdout);
    assert.match((await slm('tasks', 'list')).stdout, /^mail +answer +\.\/tasks /mu);
  });

  it('is checked again when a file of it has changed, and when a document is gone', async () => {
    const before = readFileSync(examples, 'utf8');
    writeFileSync(examples, `${before}{"question": 1}\n`);
    const broken = await slm('tasks', 'validate', 'mail');
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /examples\.jsonl:\d+: /u);
    assert.match((await slm('tasks', 'list')).stdout, /^mail +broken /mu);
    writeFileSync(examples, before);
    assert.equal((await slm('tasks', 'validate', 'mail')).stdout, first.stdout);
    rmSync(path.join(project, 'tasks', 'mail', 'documents'), { recursive: true });
    assert.equal((await slm('tasks', 'validate', 'mail')).code, 2);
  });
});
