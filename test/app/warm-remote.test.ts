import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { host } from '../../src/app/warm/host.js';
import { root } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

test('no host stands between a run and a model on another machine, whoever has allowed that model', async (t) => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'slm-warm-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const at = (name: string) => path.join(cwd, name);
  mkdirSync(at('run'), { mode: 0o700 });
  mkdirSync(at('tasks/far'), { recursive: true });
  mkdirSync(at('config/slm'), { recursive: true });
  writeFileSync(at('tasks/far/task.yaml'), 'name: far\ninclude: sentiment\nmodel: openai:x@https://there.example/v1\n');
  const env = {
    SLM_REMOTE: '1',
    SLM_YES: '1',
    XDG_RUNTIME_DIR: at('run'),
    XDG_CONFIG_HOME: at('config'),
    XDG_DATA_HOME: at('data'),
    XDG_CACHE_HOME: at('cache'),
  };
  const surroundings = surroundingsWith({ cwd, packageRoot: root, env });
  const start = (task: string, model?: string) =>
    host(surroundings, task, { keepAlive: 1000, ...(model === undefined ? {} : { model }) }, async () => undefined);
  const refused = { kind: 'usage', message: /"(openai|systemone):x@.*" is a model at there\.example, and a warm host/ };
  await assert.rejects(start('sentiment', 'openai:x@https://there.example/v1'), refused);
  await assert.rejects(start('sentiment', 'cascade:gemma-3-270m@0.9+systemone:x@https://there.example/v1'), refused);
  await assert.rejects(start('far'), refused);
  writeFileSync(at('config/slm/config.yaml'), 'model: openai:x@https://there.example/v1\n');
  await assert.rejects(start('sentiment'), refused);
});
