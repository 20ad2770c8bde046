import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { root, runSlm } from '../helpers/slm.js';

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

describe('a card that is kept', async () => {
  it('names files as they are seen from each folder', async () => {
    mkdirSync(path.join(project, 'inner'));
    writeFileSync(
      path.join(project, 'inner', 'task.yaml'),
      'name: inner\ntype: classify\nlabels: [a, b]\nprompt:\n  base: "nothing:"\n',
    );
    const inside = await runSlm(['tasks', 'validate', './task.yaml'], { cwd: path.join(project, 'inner'), env });
    assert.match(inside.stderr, /^slm: task\.yaml:5:3: /u);
    assert.match((await slm('tasks', 'validate', './inner')).stderr, /^slm: inner\/task\.yaml:5:3: /u);
  });

  it('is made again when the numbers beside tuned settings are gone or others', async () => {
    const task = path.join(project, 'mine');
    cpSync(path.join(root, 'tasks', 'sentiment'), task, { recursive: true });
    const [head] = readdirSync(path.join(task, 'tuned')).filter((name) => name.endsWith('.head'));
    assert.equal((await slm('tasks', 'validate', './mine')).code, 0);
    rmSync(path.join(task, 'tuned', String(head)));
    assert.equal((await slm('tasks', 'validate', './mine')).code, 2);
  });
});

describe('what a run would refuse', async () => {
  assert.equal((await slm('tasks', 'init', 'note', '--type', 'generate')).code, 0);
  const folder = path.join(project, 'tasks', 'note');
  const text = readFileSync(path.join(folder, 'task.yaml'), 'utf8');
  const refused = async (message: RegExp, ...args: string[]) => {
    const { code, stderr } = await slm(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  };

  it('is refused by validate, with file and line: an unknown model, also one that is gone', async () => {
    writeFileSync(path.join(folder, 'task.yaml'), `${text}model: nosuch\n`);
    await refused(/task\.yaml:\d+:1: No model "nosuch"/u, 'tasks', 'validate', 'note');
    writeFileSync(path.join(folder, 'task.yaml'), `${text}model: ./here.gguf\n`);
    writeFileSync(path.join(project, 'here.gguf'), '');
    assert.equal((await slm('tasks', 'validate', 'note')).code, 0);
    rmSync(path.join(project, 'here.gguf'));
    await refused(/task\.yaml:\d+:1: There is no file/u, 'tasks', 'validate', 'note');
    writeFileSync(path.join(folder, 'task.yaml'), text);
    assert.equal((await slm('tasks', 'validate', 'note')).code, 0);
  });

  it('is refused by validate and by a run: a judge that nobody knows, or that is gone', async () => {
    const asked = path.join(project, 'tasks', 'asked');
    mkdirSync(asked);
    const task = (judge: string) =>
      writeFileSync(
        path.join(asked, 'task.yaml'),
        `name: asked\ntype: answer\ndocuments: a.md\noptions:\n  judge: ${judge}\n`,
      );
    writeFileSync(path.join(asked, 'a.md'), 'The bridge is closed.\n');
    task('nosuch');
    await refused(/task\.yaml:5:3: No model "nosuch"/u, 'tasks', 'validate', 'asked');
    task('./judge.gguf');
    writeFileSync(path.join(project, 'judge.gguf'), '');
    assert.equal((await slm('tasks', 'validate', 'asked')).code, 0);
    rmSync(path.join(project, 'judge.gguf'));
    await refused(/task\.yaml:5:3: There is no file/u, 'tasks', 'validate', 'asked');
    task('qwen2.5-coder-1.5b-instruct');
    assert.match((await slm('tasks', 'show', 'asked')).stdout, /judge.*qwen2\.5-coder-1\.5b-instruct/u);
    rmSync(asked, { recursive: true });
  });

  it('is refused by validate: tuned settings that no longer fit', async () => {
    mkdirSync(path.join(folder, 'tuned'));
    writeFileSync(path.join(folder, 'tuned', 'tiny.yaml'), 'task: note\n');
    await refused(/tiny\.yaml: no digest in its last line/u, 'tasks', 'validate', 'note');
    rmSync(path.join(folder, 'tuned'), { recursive: true });
  });

  it('is refused: a threshold for results without a score', async () => {
    await refused(
      /--threshold is for tasks whose results have a score/u,
      'run',
      'note',
      '-t',
      'x',
      '--threshold',
      '0.5',
    );
    await refused(/--precision is for tasks whose results have a score/u, 'tune', 'note', '--precision', '0.9');
  });
});

describe('a new task with the name of another', () => {
  it('is said to take its place, where it does', async () => {
    const elsewhere = await slm('tasks', 'init', 'sentiment', '--dir', 'elsewhere');
    assert.equal(elsewhere.code, 0, elsewhere.stderr);
    assert.doesNotMatch(elsewhere.stderr, /no longer/u);
    const here = await slm('tasks', 'init', 'sentiment');
    assert.equal(here.code, 0, here.stderr);
    assert.match(here.stderr, /"sentiment" now means the new task instead of .*tasks\/sentiment\/task\.yaml/u);
  });
});
