import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
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
      assert.match((results[0] as Library.Failed).error, /no field "text"; it has "note"/);
      assert.equal((results[1] as Library.Classification).label, 'good');
      await assert.rejects(() => mood({ note: 'no text' }), { code: 'SLM_FAILURE' });
    } finally {
      await mood.close();
    }
    await assert.rejects(() => mood('Kind staff.'), { code: 'SLM_FAILURE', message: /closed/ });
  });

  it('answers each of many calls at once, and streams over what is no input, without a warning', async () => {
    const warnings: Error[] = [];
    const keep = (warning: Error) => warnings.push(warning);
    process.on('warning', keep);
    const mood = await library.open<Library.Classification>(moodTask(), { env, cwd: root });
    try {
      const all = await Promise.all(Array.from({ length: 20 }, (_, i) => mood(`Kind staff ${i}.`)));
      assert.equal(all.length, 20);
      const errors: (string | null)[] = [];
      const inputs = ['Kind staff.', null, ['a'], 5, { text: 'Rude.' }, 'Late.'] as unknown as string[];
      for await (const result of mood.stream(inputs)) errors.push('error' in result ? result.error : null);
      assert.deepEqual(
        errors.map((error) => error?.replace(/;.*/u, '') ?? null),
        [null, 'input 2 is null', 'input 3 is an array', 'input 4 is 5', null, null],
      );
      assert.throws(() => mood.stream('Kind staff.'), { code: 'SLM_USAGE' });
      assert.throws(() => mood.stream(['a'], { sginal: null } as never), { message: /Did you mean "signal"/ });
    } finally {
      await mood.close();
      process.off('warning', keep);
    }
    assert.deepEqual(warnings, []);
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

  it('measures a task as the command line does, and tells how far it is', async () => {
    const task = moodTask();
    const events: Library.SlmEvent[] = [];
    const report = await library.evaluate(task, { env, cwd: root, onEvent: (event) => events.push(event) });
    const told = await runSlm(['eval', task, '--json']);
    assert.equal(told.code, 0, told.stderr);
    const untimed = ({ speed: _, records, ...figures }: typeof report) => ({
      ...figures,
      records: records.map(({ ms, ...record }) => record),
    });
    assert.deepEqual(untimed(JSON.parse(JSON.stringify(report))), untimed(JSON.parse(told.stdout)));
    assert.ok(report.speed.recordsPerSecond > 0);
    const measured = events.filter((event) => event.kind === 'measuring');
    assert.deepEqual(
      measured.map(({ done, total, failed }) => [done, total, failed]),
      [1, 2, 3, 4].map((done) => [done, 4, 0]),
    );
  });

  it('measures on records in memory as on a file, and says which record is wrong', async (t) => {
    const rows = [
      { review: 'Kind staff and a great view.', stars: '5' },
      { review: 'Rude, cold and late.', stars: '1' },
    ];
    const cwd = filesIn(t, { 'rated.jsonl': rows.map((row) => JSON.stringify(row)).join('\n') });
    const reading = { field: 'review', labelField: 'stars', labelMap: { 1: 'bad', 5: 'good' } };
    const task = moodTask();
    const figures = async (data: Library.LabelledData) =>
      (await library.evaluate(task, { env, cwd, data, ...reading })).figures;
    assert.deepEqual(await figures(rows), await figures('rated.jsonl'));
    await assert.rejects(library.evaluate(task, { env, cwd, data: [...rows, { review: 'So so.' }], ...reading }), {
      code: 'SLM_USAGE',
      message: /^data:3: no field "stars"/u,
    });
  });

  it('ends measuring and tuning by their signal, and then installs nothing', async () => {
    const stop = new AbortController();
    const data = Array.from({ length: 2000 }, (_, i) => ({ text: `Kind staff ${i}.`, label: 'good' }));
    const onEvent = ({ kind }: Library.SlmEvent) => {
      if (kind === 'measuring') stop.abort();
    };
    await assert.rejects(library.evaluate(moodTask(), { env, cwd: root, data, signal: stop.signal, onEvent }), {
      name: 'AbortError',
    });
    const task = moodTask();
    const end = new AbortController();
    const words = ['lovely', 'kind', 'quick', 'broken', 'rude', 'late'];
    await assert.rejects(
      library.tune(task, {
        env,
        cwd: root,
        data: words.map((word, i) => ({ text: `It was ${word}.`, label: i < 3 ? 'good' : 'bad' })),
        signal: end.signal,
        onEvent: ({ kind }) => {
          if (kind === 'trial') end.abort();
        },
      }),
      { name: 'AbortError' },
    );
    assert.equal(existsSync(path.join(task, 'tuned')), false);
  });

  it('tunes a task on records, tells of each trial, and opens it as tuned afterwards', async () => {
    const task = moodTask();
    const data = Array.from({ length: 24 }, (_, i) =>
      i % 2 === 0
        ? { text: `Lovely, kind and quick, number ${i}.`, label: 'good' }
        : { text: `Broken, rude and late, number ${i}.`, label: 'bad' },
    );
    const events: Library.SlmEvent[] = [];
    const report = await library.tune(task, {
      env,
      cwd: root,
      data,
      method: 'head',
      budgetMs: 1,
      compare: false,
      onEvent: (event) => events.push(event),
    });
    assert.equal(report.installed, true);
    assert.equal(report.method, 'head');
    assert.deepEqual([report.data.file, report.data.n], ['data', 24]);
    assert.ok((report.scores.tuned?.value ?? 0) > 0.9, JSON.stringify(report.scores));
    assert.equal(report.file, path.join(task, 'tuned', `${report.model}.yaml`));
    assert.ok(events.some((event) => event.kind === 'trial' && event.n > 0 && event.title === report.chosen));
    assert.ok(events.some((event) => event.kind === 'tuning' && event.title === 'fitting what was taken'));
    const tuned = await library.open<Library.Classification>(task, { env, cwd: root });
    const untuned = await library.open<Library.Classification>(task, { env, cwd: root, untuned: true });
    try {
      assert.ok((await tuned('Broken and rude.')).label === 'bad');
      assert.notDeepEqual(await tuned('Broken and rude.'), await untuned('Broken and rude.'));
    } finally {
      await tuned.close();
      await untuned.close();
    }
  });

  it('shares the probabilities out among labels that are named', async (t) => {
    const cwd = filesIn(t, {
      'tasks/mood/task.yaml': 'name: mood\ntype: classify\nlabels: [good, bad, mixed]\n',
    });
    const mood = await library.open<Library.Classification>('mood', { env, cwd, among: ['good', 'mixed'] });
    try {
      const { label, scores } = await mood('Rude and late.');
      assert.deepEqual(Object.keys(scores), ['good', 'mixed']);
      assert.ok(label === 'good' || label === 'mixed');
      assert.ok(Math.abs((scores.good ?? 0) + (scores.mixed ?? 0) - 1) < 1e-5);
    } finally {
      await mood.close();
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
        `import { type Classification, type EvaluationReport, compare, evaluate, open, tune } from '${packageName}';`,
        "const sentiment = await open('sentiment');",
        "const label: string | null = (await sentiment('x')).label;",
        "const entities = (await (await open('ner'))('x')).entities.map(({ text, start }) => [text, start]);",
        "const score: number = (await (await open<Classification>('./tickets'))('x')).score;",
        "const report: EvaluationReport = await evaluate('sentiment', { data: [{ text: 'x', label: 'positive' }] });",
        "const tuned: number | undefined = (await tune('./tickets', { budgetMs: 1 })).scores.tuned?.value;",
        "const p: number | null | undefined = (await compare('sentiment', { models: ['a', 'b'] })).comparison.pairs[0]?.metrics[0]?.p;",
        'console.log(label, entities, score, report.figures[0]?.value, tuned, p);',
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
