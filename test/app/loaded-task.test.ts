import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadTask } from '../../src/app/opening/loaded-task.js';
import { root } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

type Project = ReturnType<typeof project>;

/** A task with a folder of documents, and one that it includes. */
function project(t: TestContext) {
  const cwd = mkdtempSync(path.join(tmpdir(), 'slm-loaded-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const write = (file: string, text: string) => {
    const target = path.join(cwd, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
    return target;
  };
  write('tasks/base/task.yaml', 'name: base\ntype: answer\ndocuments: docs\n');
  write('tasks/base/docs/opening.txt', 'We open at nine.\n');
  write('tasks/base/docs/branches/closing.txt', 'We close at six.\n');
  mkdirSync(path.join(cwd, 'tasks/base/docs/2025'));
  write('tasks/own/task.yaml', 'name: own\ninclude: base\n');
  const context = surroundingsWith({
    cwd,
    packageRoot: root,
    env: { XDG_CONFIG_HOME: path.join(cwd, 'config'), XDG_DATA_HOME: path.join(cwd, 'data') },
  });
  return { cwd, write, load: () => loadTask(context, 'own', {}) };
}

test('a task that nobody has touched is current, however often it is looked at', async (t) => {
  const { load } = project(t);
  const early = await load();
  assert.equal(await early.isCurrent(), true);
  // By now the files are old enough to be known by their stamps.
  await sleep(2100);
  const late = await load();
  for (const task of [early, early, late, late]) assert.equal(await task.isCurrent(), true);
});

test('whatever results depend on is seen to be another', async (t) => {
  const changes: Record<string, (task: Project) => unknown> = {
    'a document of the same length and date': ({ cwd, write }) => {
      const { atime, mtime } = statSync(path.join(cwd, 'tasks/base/docs/opening.txt'));
      utimesSync(write('tasks/base/docs/opening.txt', 'We open at five.\n'), atime, mtime);
    },
    'one more document': ({ write }) => write('tasks/base/docs/prices.md', 'Three euros.\n'),
    'one more document in a folder that had none': ({ write }) =>
      write('tasks/base/docs/2025/more.md', 'Four euros.\n'),
    'one document less': ({ cwd }) => rmSync(path.join(cwd, 'tasks/base/docs/branches/closing.txt')),
    'the task': ({ cwd }) => appendFileSync(path.join(cwd, 'tasks/own/task.yaml'), 'description: mine\n'),
    'the task that it includes': ({ cwd }) => appendFileSync(path.join(cwd, 'tasks/base/task.yaml'), 'model: other\n'),
    'what was tuned': ({ write }) => write('tasks/own/tuned/gemma-3-270m.yaml', 'method: head\n'),
    'constants that come along': ({ write }) => write('tasks/own/calibration.json', '{}'),
    'the model of the project': ({ write }) => write('slm.yaml', 'model: smollm2-135m-instruct\n'),
    'the model file': ({ write }) => write('data/slm/models/gemma-3-270m.gguf', 'weights'),
  };
  const cases = Object.entries(changes).map(([name, change]) => ({ name, change, project: project(t) }));
  const fresh = await Promise.all(cases.map(({ project }) => project.load()));
  await sleep(2100);
  const settled = await Promise.all(cases.map(({ project }) => project.load()));
  for (const [i, { name, change, project }] of cases.entries()) {
    assert.equal(await settled[i]?.isCurrent(), true, name);
    change(project);
    const seen = await Promise.all([fresh[i], settled[i]].map((task) => task?.isCurrent().catch(() => false)));
    assert.deepEqual(seen, [false, false], name);
  }
});
