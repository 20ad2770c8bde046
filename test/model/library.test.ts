import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type * as Library from '../../src/index.js';
import { packageName } from '../helpers/package-name.js';
import { moodTask, root, runSlm, slmEnv } from '../helpers/slm.js';
import { filesIn } from '../helpers/task-folder.js';

/** The built package, as a program gets it. */
const library = (await import(path.join(root, 'dist', 'index.js'))) as typeof Library;
const env = slmEnv() as Record<string, string>;

/** What `slm run --json` writes for texts, without what the caller knows. */
async function lines(task: string, texts: readonly string[]): Promise<string[]> {
  const input = texts.map((text) => JSON.stringify(text)).join('\n');
  const run = await runSlm(['run', task, '--input-format', 'jsonl', '--json', '--no-pass-through'], { input });
  assert.equal(run.code, 0, run.stderr);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => {
      const { id: _id, text: _text, question: _question, ...result } = JSON.parse(line) as Record<string, unknown>;
      return JSON.stringify(result);
    });
}

describe('the library', () => {
  for (const [task, texts] of [
    ['sentiment', ['A warm, funny film.', 'The zipper broke on day two. 😡', 'ok']],
    ['ner', ['Rosa Delgado flew to Aberdeen with Hartwell Marine.', '😀 Zoë Kravitz is in Zürich.']],
    ['qa', ['Who chairs the works council?', 'How many moons has Jupiter?']],
  ] as const) {
    it(`gives for ${task} the same bytes as the command line`, async () => {
      const opened = await library.open(task, { env, cwd: root });
      try {
        const results: string[] = [];
        for await (const result of opened.stream(texts)) results.push(JSON.stringify(result));
        assert.deepEqual(results, await lines(task, texts));
        assert.equal(JSON.stringify(await opened(texts[0])), results[0]);
      } finally {
        await opened.close();
      }
    });
  }

  it('goes on after an input that cannot be processed in a stream, and throws where it is the only one', async () => {
    const mood = await library.open<Library.Classification>(moodTask(), { env, cwd: root });
    try {
      const results: (Library.Classification | Library.Failed)[] = [];
      for await (const result of mood.stream([{ note: 'no text' }, { text: 'Kind staff.' }])) results.push(result);
      assert.match((results[0] as Library.Failed).error, /no field "text"; it has note/);
      assert.equal((results[1] as Library.Classification).label, 'good');
      await assert.rejects(() => mood({ note: 'no text' }), { code: 'SLM_FAILURE' });
    } finally {
      await mood.close();
    }
    await assert.rejects(() => mood('Kind staff.'), { code: 'SLM_FAILURE', message: /closed/ });
  });

  it('ends a stream by its signal, and leaves the task usable', async () => {
    const mood = await library.open<Library.Classification>(moodTask(), { env, cwd: root });
    const stop = new AbortController();
    function* endless() {
      for (;;) yield 'Kind staff.';
    }
    let seen = 0;
    try {
      await assert.rejects(
        async () => {
          for await (const _ of mood.stream(endless(), { signal: stop.signal })) if (++seen === 3) stop.abort();
        },
        { name: 'AbortError' },
      );
      assert.ok(seen < 20, `${seen} results`);
      assert.equal((await mood('Kind staff.')).label, 'good');
    } finally {
      await mood.close();
    }
  });

  it('counts offsets as JavaScript does where that is asked for', async () => {
    const text = '😀 Rosa Delgado flew to Aberdeen.';
    const ner = await library.open('ner', { env, cwd: root, offsets: 'utf16' });
    try {
      const { entities } = await ner(text);
      assert.ok(entities.length > 0);
      for (const entity of entities) assert.equal(text.slice(entity.start, entity.end), entity.text);
    } finally {
      await ner.close();
    }
  });

  it('says by a code what is wrong with a task or a model', async () => {
    await assert.rejects(() => library.open('sentimant', { env, cwd: root }), {
      name: 'SlmError',
      code: 'SLM_USAGE',
      message: /Did you mean "sentiment"/,
    });
    await assert.rejects(() => library.open('sentiment', { env, cwd: root, model: './nowhere.gguf' }), {
      code: 'SLM_MODEL',
    });
  });

  it('lists tasks, with the problem of one that cannot be opened', async (t) => {
    const cwd = filesIn(t, { 'tasks/broken/task.yaml': 'name: broken\ntype: clasify\n' });
    const tasks = await library.listTasks({ env, cwd });
    assert.deepEqual(tasks.map(({ name }) => name).slice(0, 2), ['broken', 'ner']);
    const [broken] = tasks;
    assert.ok(broken !== undefined && 'problem' in broken && /task.yaml:2/.test(broken.problem));
  });

  it('has types that compile strictly, the declarations of its own among them', (t) => {
    const cwd = filesIn(t, {
      'package.json': '{"type":"module"}',
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          module: 'nodenext',
          target: 'es2022',
          typeRoots: [path.join(root, 'node_modules', '@types')],
          types: ['node'],
        },
        include: ['*.ts'],
      }),
      'uses.ts': [
        `import { type Classification, open } from '${packageName}';`,
        "const sentiment = await open('sentiment');",
        "const label: string | null = (await sentiment('x')).label;",
        "const entities = (await (await open('ner'))('x')).entities.map(({ text, start }) => [text, start]);",
        "const score: number = (await (await open<Classification>('./tickets'))('x')).score;",
        'console.log(label, entities, score);',
      ].join('\n'),
    });
    linkPackage(cwd);
    execFileSync(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], {
      cwd,
      encoding: 'utf8',
    });
  });

  it('does what docs/library.md shows', async (t) => {
    const blocks = [
      ...readFileSync(path.join(root, 'docs', 'library.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/gu),
    ].map((match) => match[1] as string);
    assert.ok(blocks.length >= 3, 'the examples are fenced as js');
    const cwd = filesIn(t, { 'package.json': '{"type":"module"}', 'reviews.txt': 'Lovely.\nNever again.\n' });
    linkPackage(cwd);
    for (const [i, block] of blocks.entries()) {
      writeFileSync(path.join(cwd, `example-${i}.js`), block);
      const printed = execFileSync(process.execPath, [`example-${i}.js`], { cwd, env, encoding: 'utf8' });
      for (const [, expected] of block.matchAll(/console\.log\(.*?\); \/\/ (.+)$/gmu))
        assert.ok(printed.includes(expected as string), `expected ${expected} in\n${printed}`);
    }
  });
});

/** Makes the package importable by its name from a folder. */
function linkPackage(folder: string): void {
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules', packageName), 'dir');
}
