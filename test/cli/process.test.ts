import assert from 'node:assert/strict';
import { exec } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { measureEach } from '../../src/app/evaluating/measure-each.js';
import type { CliContext } from '../../src/cli/context.js';
import { claimPlace } from '../../src/cli/output/claim-place.js';
import { writeNamed } from '../../src/cli/output/write-named.js';
import { showPreparation } from '../../src/cli/terminal/preparation.js';
import { refusedBySystem, type SlmError } from '../../src/errors.js';
import { couldTakeFiles, makeFolder, takesFiles } from '../../src/folders.js';
import { assertClearError, moodTask, runSlm, slmEnv, tempFolder } from '../helpers/slm.js';
import { hasTerminal, onTerminal } from '../helpers/terminal.js';
import { tinyGguf } from '../helpers/tiny-gguf.js';

const binary = path.resolve(import.meta.dirname, '../..', 'bin', 'slm.js');

test('work whose promise nobody settles any more ends with a defect and exit code 1, not silently', async () => {
  const stuck = `Object.defineProperty(process, 'stdin', {
    value: { isTTY: false, [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) },
  });`;
  const { code, stderr } = await runSlm(['eval', 'sentiment', '-d', '-', '--data-format', 'jsonl'], {
    env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(stuck)}"` },
  });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /stopped before it was done/u);
  assert.match(stderr, /defect of slm/u);
});

test('an error that no part of the program waited for is a message and exit code 1, not a stack trace', async () => {
  const lost = `Object.defineProperty(process, 'stdin', {
    value: { isTTY: false, [Symbol.asyncIterator]: () => ({ next: () => {
      Promise.reject(new Error('lost on the way'));
      return new Promise(() => undefined);
    } }) },
  });`;
  const { code, stdout, stderr } = await runSlm(['eval', 'sentiment', '-d', '-', '--data-format', 'jsonl'], {
    env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(lost)}"` },
  });
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^slm: unexpected: lost on the way$/mu);
  assert.doesNotMatch(stderr, /^ +at /mu);
});

test('slm serve refuses an address that cannot be one, before it begins', async (t) => {
  const missing = path.join(tempFolder(t), 'nowhere', 'slm.sock');
  for (const [args, problem] of [
    [['--port', '65536'], /Expected a whole number from 0 to 65535/u],
    [['--port', ''], /Expected a whole number from 0 to 65535/u],
    [['--unix', 'slm.sock', '--port', '8081'], /'--unix <path>' cannot be used with option '-p, --port <n>'/u],
    [['--unix', missing], /there is no folder ".*nowhere" for the socket/u],
  ] as const) {
    const { code, stderr } = await runSlm(['serve', moodTask(), ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, problem);
  }
});

describe('a command that would write over a file that it reads is refused, and the file stays', () => {
  const text = '{"text":"A fine day.","label":"good"}\n';
  const cases: Record<string, { args: string[]; kept?: string; input?: true }> = {
    'the input': { args: ['run', 'mood', 'in.jsonl', '-o', 'in.jsonl'] },
    'standard input': { args: ['run', 'mood', '--input-format', 'jsonl', '-o', 'in.jsonl'], input: true },
    'a hard link of the input': { args: ['run', 'mood', 'in.jsonl', '-o', 'hard.jsonl'] },
    'a link to the input': { args: ['run', 'mood', 'in.jsonl', '-o', 'soft.jsonl'] },
    'the input by --stats': { args: ['run', 'mood', 'in.jsonl', '--stats', 'hard.jsonl'] },
    'the output by --stats': { args: ['run', 'mood', 'in.jsonl', '-o', 'new.jsonl', '--stats', './new.jsonl'] },
    'the task.yaml': { args: ['run', 'mood', 'in.jsonl', '-f', 'tsv', '-o', 'mood/task.yaml'], kept: 'mood/task.yaml' },
    'the examples': { args: ['run', 'mood', 'in.jsonl', '-o', 'mood/examples.jsonl'], kept: 'mood/examples.jsonl' },
    'the fixtures': { args: ['run', 'mood', 'in.jsonl', '--stats', 'mood/test.jsonl'], kept: 'mood/test.jsonl' },
    'a note that a job keeps': {
      args: ['run', 'mood', 'new.jsonl.job.json', '-o', 'new.jsonl'],
      kept: 'new.jsonl.job.json',
    },
    'a document': { args: ['run', 'qa', '-t', 'Why?', '--context', 'in.jsonl', '-o', 'hard.jsonl'] },
    'the settings of the project': {
      args: ['run', 'mood', 'in.jsonl', '-f', 'tsv', '-o', 'slm.yaml'],
      kept: 'slm.yaml',
    },
    'the model': { args: ['run', 'mood', 'in.jsonl', '-m', './m.gguf', '-f', 'tsv', '-o', 'm.gguf'], kept: 'm.gguf' },
    'labelled data by eval -o': { args: ['eval', 'mood', '--data', 'in.jsonl', '-o', 'hard.jsonl'] },
    'fixtures by eval -o': { args: ['eval', 'mood', '-o', 'mood/test.jsonl'], kept: 'mood/test.jsonl' },
    'labelled data by tune --report': { args: ['tune', 'mood', '--data', 'in.jsonl', '--report', 'soft.jsonl'] },
    'the task by tune --into': {
      args: ['tune', './mood/task.yaml', '-m', 'x/task.gguf', '--into', 'mood'],
      kept: 'mood/task.yaml',
    },
  };
  for (const [title, { args, kept = 'in.jsonl', input }] of Object.entries(cases)) {
    test(title, async (t) => {
      const cwd = tempFolder(t);
      cpSync(moodTask(), path.join(cwd, 'mood'), { recursive: true });
      for (const [file, content] of [
        ['in.jsonl', text],
        ['new.jsonl.job.json', text],
        ['slm.yaml', 'threads: 1\n'],
        ['m.gguf', 'GGUF'],
      ] as const) {
        writeFileSync(path.join(cwd, file), content);
      }
      linkSync(path.join(cwd, 'in.jsonl'), path.join(cwd, 'hard.jsonl'));
      symlinkSync('in.jsonl', path.join(cwd, 'soft.jsonl'));
      const before = readFileSync(path.join(cwd, kept), 'utf8');
      const all = args.map((arg) => (arg === 'mood' ? './mood' : arg));
      const result =
        input === true
          ? await fromShell(cwd, `${all.map((arg) => `'${arg}'`).join(' ')} < in.jsonl`)
          : await runSlm(all, { cwd });
      assertClearError(result, 2, /the same file/u);
      assert.equal(readFileSync(path.join(cwd, kept), 'utf8'), before);
      assert.ok(!existsSync(path.join(cwd, 'new.jsonl')));
    });
  }

  test('standard output that is added to the input', async (t) => {
    const cwd = tempFolder(t);
    writeFileSync(path.join(cwd, 'in.jsonl'), text);
    const result = await fromShell(cwd, `run '${moodTask()}' in.jsonl >> in.jsonl`);
    assertClearError(result, 2, /standard output and "in\.jsonl" \(an input\) are the same file/u);
    assert.equal(readFileSync(path.join(cwd, 'in.jsonl'), 'utf8'), text);
  });
});

test('a run whose standard output is closed ends with exit code 1 before the model is loaded', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const cwd = tempFolder(t);
  const task = moodTask();
  assertClearError(await fromShell(cwd, `run '${task}' -t x >&-`), 1, /standard output is closed/u);
  const elsewhere = await fromShell(cwd, `run '${task}' -t x -m ./none.gguf -o x.tsv >&-`);
  assertClearError(elsewhere, 3, /none\.gguf/u);
  assertClearError(await fromShell(cwd, `run '${task}' -t x -m ./none.gguf > /dev/null`), 3, /none\.gguf/u);
});

test('what standard output does not take is an error of every command', {
  skip: !existsSync('/dev/full'),
}, async (t) => {
  for (const command of ['tasks list', 'models list --json']) {
    assertClearError(await fromShell(tempFolder(t), `${command} > /dev/full`), 1, /standard output: the disk is full/u);
  }
});

test('eval of several models looks at all of them before it measures the first', async (t) => {
  const cwd = tempFolder(t);
  // Its header is sound, and it cannot be loaded.
  writeFileSync(path.join(cwd, 'tiny.gguf'), tinyGguf({ metadata: { 'general.architecture': 'llama' } }));
  const result = await runSlm(['eval', moodTask(), '-m', './tiny.gguf,./missing.gguf'], { cwd });
  assertClearError(result, 3, /missing\.gguf/u);
});

test('what was measured stays when a later model fails', async () => {
  const problem = new Error('cannot be loaded');
  const measure = async (model: string) => {
    if (model === 'b') throw problem;
    return `report of ${model}`;
  };
  const never = () => false;
  assert.deepEqual(await measureEach(['a', 'b', 'c'], measure, never), { reports: ['report of a'], problem });
  await assert.rejects(measureEach(['b', 'a'], measure, never), problem);
  assert.deepEqual(await measureEach(['a', 'c'], measure, () => true), { reports: ['report of a'], problem: null });
});

test('a model that only a file of the project names is downloaded after the user has agreed once', async (t) => {
  const cwd = tempFolder(t);
  const env = { XDG_DATA_HOME: path.join(cwd, 'data'), XDG_CONFIG_HOME: path.join(cwd, 'config') };
  const address = 'https://127.0.0.1:1/some.gguf';
  const task = (model: string) => `name: mood\ntype: classify\nlabels: [good, bad]\nmodel: "${model}"\n`;
  for (const folder of ['tasks/mood', 'config/slm/tasks/own']) {
    mkdirSync(path.join(cwd, folder), { recursive: true });
    writeFileSync(path.join(cwd, folder, 'task.yaml'), task(address).replace('mood', path.basename(folder)));
  }
  const run = (name: string, ...args: string[]) => runSlm(['run', name, '-t', 'x', '--no-warm', ...args], { cwd, env });
  const refused = /mood.task\.yaml names the model https:.*does not allow a download/u;
  const tried = /Cannot get the model/u;
  assertClearError(await run('mood'), 3, refused);
  assertClearError(await run('own'), 3, tried);
  assertClearError(await run('mood', '-m', address), 3, tried);
  assertClearError(await run('mood', '--yes'), 3, tried);
  assertClearError(await run('mood'), 3, tried);

  // The settings of a project act without being named: no model that is missing, not even one of the catalogue.
  writeFileSync(path.join(cwd, 'slm.yaml'), 'model: gemma-3-1b-it\n');
  const offline = /gemma-3-1b-it is not installed, and nothing is downloaded because of --offline/u;
  assertClearError(await run('sentiment'), 3, /slm\.yaml names the model gemma-3-1b-it/u);
  assertClearError(await run('sentiment', '--yes', '--offline'), 3, offline);
  assertClearError(await run('sentiment', '--offline'), 3, offline);
});

test('a folder that cannot be made is an error at once, not a loop', { skip: !existsSync('/proc/self') }, (t) => {
  assert.throws(() => makeFolder('/proc/nope/a/b'), /ENOENT/u);
  assert.equal(takesFiles('/proc/nope/a'), false);
  assert.equal(takesFiles('/dev/null/a'), false);
  assert.equal(couldTakeFiles('/dev/null/a'), false);
  const folder = path.join(tempFolder(t), 'a', 'b', 'c');
  assert.equal(couldTakeFiles(folder), true);
  assert.equal(existsSync(path.dirname(folder)), false, 'asking makes nothing');
  assert.equal(takesFiles(folder), true);
  makeFolder(folder);
});

/** Every option that names a file to write, with a command that is refused before it loads a model. */
const writers: readonly (readonly [string, ...string[]])[] = [
  ['--stats', 'run', moodTask(), '-t', 'x'],
  ['-o', 'eval', moodTask()],
  ['--differences', 'eval', moodTask()],
  ['--report', 'eval', moodTask()],
  ['--junit', 'eval', moodTask()],
  ['--report', 'tune', moodTask()],
];

for (const [flag, ...args] of writers) {
  test(`${args[0]} ${flag} refuses a folder, a file in a folder that is not there, and "-", and writes nothing`, async (t) => {
    const cwd = tempFolder(t);
    mkdirSync(path.join(cwd, 'folder'));
    const refused = async (file: string) => runSlm([...args, '-m', './nowhere.gguf', flag, file], { cwd });
    assertClearError(await refused('folder'), 2, /folder: this is a folder/u);
    assertClearError(await refused('nodir/x'), 2, /there is no folder "nodir"/u);
    assertClearError(await refused('-'), 2, /cannot be written to standard output/u);
    assert.deepEqual(readdirSync(cwd), ['folder']);
  });
}

test('a file that the system cannot write is a failure, not a defect', (t) => {
  assert.throws(() => writeNamed('/', '/dev/full', 'x', 'The rest is there.'), {
    kind: 'failure',
    message: /^cannot write \/dev\/full: ENOSPC/u,
    hint: 'The rest is there.',
  });
  const cwd = tempFolder(t);
  writeNamed(cwd, 'x.json', '{}', '');
  assert.equal(readFileSync(path.join(cwd, 'x.json'), 'utf8'), '{}', 'relative to the working folder');
});

test('an output in a folder that is not there is refused before the work is done', async (t) => {
  const cwd = tempFolder(t);
  const task = moodTask();
  const missing = /there is no folder "nodir"/u;
  assertClearError(await runSlm(['run', task, '-t', 'x', '-o', 'nodir/x.tsv'], { cwd }), 2, missing);
});

test('an input that is not there, or is a folder, is refused before an earlier output is emptied', async (t) => {
  const cwd = tempFolder(t);
  writeFileSync(path.join(cwd, 'a.jsonl'), '{"text":"A fine day."}\n');
  mkdirSync(path.join(cwd, 'folder.jsonl'));
  for (const [name, message] of [
    ['typo.jsonl', /no file "typo\.jsonl"/u],
    ['folder.jsonl', /"folder\.jsonl" is a folder/u],
  ] as const) {
    writeFileSync(path.join(cwd, 'out.jsonl'), 'results of yesterday\n');
    const args = ['run', moodTask(), 'a.jsonl', name, '-o', 'out.jsonl', '-m', './nowhere.gguf'];
    assertClearError(await runSlm(args, { cwd }), 2, message);
    assert.equal(readFileSync(path.join(cwd, 'out.jsonl'), 'utf8'), 'results of yesterday\n');
    assert.deepEqual(readdirSync(cwd).sort(), ['a.jsonl', 'folder.jsonl', 'out.jsonl']);
  }
});

test('an output that is a link has the notes of its job beside the file, before that is made and after', async (t) => {
  const cwd = tempFolder(t);
  mkdirSync(path.join(cwd, 'disk'));
  symlinkSync('disk/real.jsonl', path.join(cwd, 'out.jsonl'));
  symlinkSync('out.jsonl', path.join(cwd, 'again.jsonl'));
  for (const made of [false, true]) {
    if (made) writeFileSync(path.join(cwd, 'disk/real.jsonl'), '');
    const closing: (() => Promise<void>)[] = [];
    const context = { cwd, now: () => 0, onClose: (action: () => Promise<void>) => closing.push(action) };
    await claimPlace(context as unknown as CliContext, { output: 'again.jsonl' });
    assert.ok(existsSync(path.join(cwd, 'disk/real.jsonl.job.lock')));
    for (const close of closing) await close();
  }
});

test('tuning whose result could not be written is refused before the work is done', async (t) => {
  const cwd = tempFolder(t);
  writeFileSync(path.join(cwd, 'file'), '');
  const refused = await runSlm(['tune', moodTask(), '--into', 'file/tuned'], { cwd });
  assertClearError(refused, 2, /what tuning finds cannot be written: .*tuned takes no files/u);
});

test('a file that the system refuses is no defect of slm, and other errors are', () => {
  const refused = (code: string, syscall = 'open') =>
    Object.assign(new Error(`${code}: refused, ${syscall} '/x/y'`), { code, path: '/x/y', syscall });
  const codes = ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'];
  for (const error of [...codes.map((code) => refused(code)), refused('ENOENT', 'mkdir')]) {
    const told = refusedBySystem(error) as SlmError;
    assert.equal(told.kind, 'failure', error.code);
    assert.ok(told.message.includes("'/x/y'") && told.hint !== undefined, told.message);
  }
  for (const other of [refused('EMFILE'), refused('ENOENT'), new TypeError('x'), 'thrown'])
    assert.equal(refusedBySystem(other), other);
});

test('models search finds models of the catalogue by all words, and words that are no command are said to be none', async (t) => {
  const cwd = tempFolder(t);
  const env = { XDG_DATA_HOME: path.join(cwd, 'data') };
  const found = await runSlm(['models', 'search', 'QWEN', 'chat', '--json'], { cwd, env });
  assert.equal(found.code, 0, found.stderr);
  const names = (JSON.parse(found.stdout) as { name: string }[]).map(({ name }) => name);
  assert.ok(names.length > 1 && names.every((name) => name.startsWith('qwen')), names.join(' '));
  const table = await runSlm(['models', 'search', 'smollm2-135m'], { cwd, env });
  assert.match(table.stdout, /^smollm2-135m-instruct /mu);
  const none = await runSlm(['models', 'search', 'no-such-thing'], { cwd, env });
  assert.equal(none.stdout, '');
  assert.match(none.stderr, /no model of the catalogue has "no-such-thing"/u);
  assertClearError(
    await runSlm(['models', 'serach', 'x']),
    2,
    /no command "slm models serach"\. Did you mean "search"/u,
  );
  assertClearError(await runSlm(['tasks', 'lst']), 2, /no command "slm tasks lst"/u);
});

test('a task is found by the name of its folder, by its own name, and as a folder that lies here', async (t) => {
  const cwd = tempFolder(t);
  for (const folder of ['tasks/folder', 'here']) {
    mkdirSync(path.join(cwd, folder), { recursive: true });
    writeFileSync(path.join(cwd, folder, 'task.yaml'), 'name: own\ntype: classify\nlabels: [good, bad]\n');
  }
  for (const spec of ['folder', 'own', 'here', './here']) {
    const { code, stdout, stderr } = await runSlm(['tasks', 'validate', spec], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ok\town\t/u);
  }
});

test('lists and sheets of tasks say for which models they are tuned', async (t) => {
  const cwd = tempFolder(t);
  const listed = await runSlm(['tasks', 'list', '--json'], { cwd });
  const rows = JSON.parse(listed.stdout) as { name: string; tuned: string[] }[];
  assert.ok(rows.find(({ name }) => name === 'ner')?.tuned.includes('gemma-3-270m'));
  assert.deepEqual(rows.find(({ name }) => name === 'qa')?.tuned, []);
  assert.match((await runSlm(['tasks', 'list'], { cwd })).stdout, /^ner .*gemma-3-270m and 3 more/mu);
  const sheet = await runSlm(['tasks', 'show', 'ner'], { cwd });
  assert.match(sheet.stdout, /^tuned for +gemma-3-270m: .* \d\.\d{3} \[.*\] on \d+ examples$/mu);
  const details = JSON.parse((await runSlm(['tasks', 'show', 'ner', '--json'], { cwd })).stdout);
  assert.deepEqual(
    details.tuned.map(({ model }: { model: string }) => model),
    ['gemma-3-270m', 'qwen2.5-coder-0.5b-instruct', 'qwen2.5-coder-1.5b-instruct', 'smollm2-135m-instruct'],
  );
});

test('a preparation is told of once, with what is counted', () => {
  const said: string[] = [];
  const stderr = { isTTY: false, columns: 80, write: () => undefined };
  const show = showPreparation({
    stderr,
    quiet: false,
    now: () => 0,
    notice: (text: string) => said.push(text),
  } as unknown as CliContext);
  const preparation = { what: 'calibrating', task: 'mood', model: 'tiny', total: 3, items: 'texts without content' };
  for (let round = 0; round < 2; round++) {
    for (let done = 1; done <= 3; done++) show({ ...preparation, done });
    show(null);
  }
  assert.deepEqual(said, ['calibrating mood for tiny on 3 texts without content; this is done once']);
});

/** A command line of a shell: what a program is given as its standard streams is made there. */
async function fromShell(cwd: string, commandLine: string) {
  const run = promisify(exec);
  const command = `'${process.execPath}' '${binary}' ${commandLine}`;
  try {
    const { stdout, stderr } = await run(command, { cwd, env: slmEnv() });
    return { code: 0, stdout, stderr, ms: 0 };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr, ms: 0 };
  }
}

const isRoot = process.getuid?.() === 0;

test('a user that the system does not know by name, as in containers, can run it, with a home or without', {
  skip: isRoot ? false : 'only root can be another user',
}, async (t) => {
  const user = { uid: 54_321, gid: 54_321 };
  const folder = tempFolder(t);
  for (const env of [{ HOME: folder }, {}] as Record<string, string>[]) {
    // Without HOME, the system is asked.
    const command = `env -u HOME ${Object.entries(env)
      .map(([name, value]) => `${name}='${value}'`)
      .join(' ')} '${process.execPath}' '${binary}' doctor`;
    const { stdout } = await promisify(exec)(command, { ...user, cwd: '/', env: { PATH: process.env.PATH } });
    assert.match(stdout, new RegExp(`^caches +${path.join(env.HOME ?? '/', '.cache', 'slm')}$`, 'mu'));
  }
});

test('a terminal that moves no cursor gets plain lines without colours', { skip: !hasTerminal }, async (t) => {
  const service = createServer((request, response) => {
    request.resume();
    response.end(JSON.stringify({ choices: [{ message: { content: '{"option":"A"}' }, finish_reason: 'stop' }] }));
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.after(() => service.close());
  const cwd = tempFolder(t);
  writeFileSync(path.join(cwd, 'data.jsonl'), '{"text":"lovely","label":"bad"}\n');
  const model = `openai:m@http://127.0.0.1:${(service.address() as AddressInfo).port}/v1`;
  const drawnOn = async (TERM: string) => {
    const args = ['eval', moodTask(), '-d', 'data.jsonl', '-m', model];
    const terminal = onTerminal(t, args, { cwd, columns: 80, env: { TERM } });
    await terminal.ended;
    return terminal.drawn();
  };
  const drawn = await drawnOn('xterm');
  assert.ok(drawn.includes('\u001b'), drawn);
  const plain = await drawnOn('dumb');
  assert.ok(!plain.includes('\u001b'), plain);
  assert.match(plain, /: 1 of 1 records, .* all right so far/u);
});
