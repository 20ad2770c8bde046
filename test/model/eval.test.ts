import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import type { GateResult } from '../../src/compare/gate.js';
import type { Comparison, Difference } from '../../src/compare/types.js';
import type { Figure, Report } from '../../src/evaluate/report.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import {
  assertClearError,
  jsonl,
  moodTask,
  parsed,
  runSlm,
  starterTask,
  tempFolder,
  writeTask,
} from '../helpers/slm.js';

before(async () => {
  await modelFile(gemma);
  await modelFile(smollm);
});

const evaluate = (args: string[], options: Parameters<typeof runSlm>[1] = {}) =>
  runSlm(['eval', ...args], { timeoutMs: 900_000, ...options });

function fileOf(t: TestContext, name: string, content: string): string {
  const file = path.join(tempFolder(t), name);
  writeFileSync(file, content);
  return file;
}

function figure(report: Report, name: string): Figure {
  const found = report.figures.find((candidate) => candidate.name === name);
  assert.ok(found !== undefined, `${name} among ${report.figures.map((candidate) => candidate.name).join(', ')}`);
  return found;
}

function assertShape(report: Report, n: number): void {
  assert.equal(report.data.n, n);
  assert.match(report.model.sha256 as string, /^[0-9a-f]{64}$/u);
  assert.equal(report.ungrounded, 0);
  assert.equal(report.failed, 0);
  assert.ok(report.figures.length > 0 && report.baselines.length > 0);
  for (const { figures } of [report, ...report.baselines]) {
    for (const { value, interval, n: items } of figures) {
      assert.ok(items <= n);
      if (value === null || interval === null) continue;
      assert.ok(interval.low <= value + 1e-9 && value <= interval.high + 1e-9);
    }
  }
  assert.ok(report.speed.recordsPerSecond > 0 && report.speed.seconds > 0);
  assert.ok(report.speed.tokensPerRecord > 0);
  assert.ok(report.speed.peakMemoryBytes > 100e6 && report.speed.peakMemoryBytes < 3e9);
}

test('slm eval sentiment --json: figures, intervals, baselines, confusion, mistakes, speed', {
  timeout: 1_200_000,
}, async () => {
  const { code, stdout, stderr } = await evaluate(['sentiment', '--json', '--limit', '24']);
  const report: Report = JSON.parse(stdout);
  const missed = report.goals.some((goal) => !goal.passed);
  assert.equal(code, missed ? 100 : 0, stderr);
  assertShape(report, 24);
  assert.deepEqual([report.task, report.type, report.model.name], ['sentiment', 'classify', gemma]);
  const accuracy = figure(report, 'accuracy');
  assert.equal(accuracy.n, 24);
  assert.ok(accuracy.interval !== null);
  const counts = report.confusion?.counts ?? [];
  assert.deepEqual(report.confusion?.labels, ['positive', 'neutral', 'negative']);
  assert.equal(
    counts.flat().reduce((sum, count) => sum + count, 0),
    24,
  );
  const right = counts.reduce((sum, row, i) => sum + (row[i] as number), 0);
  assert.ok(Math.abs((accuracy.value as number) - right / 24) < 1e-9);
  assert.equal(report.mistakes.length, 24 - right);
  assert.equal(report.perClass.length, 3);
  for (const mistake of report.mistakes) {
    assert.notEqual(mistake.gold, mistake.predicted);
    assert.match(mistake.place, /test\.jsonl:\d+$/u);
  }
  const scores = report.mistakes.map((mistake) => mistake.score as number);
  assert.deepEqual(
    scores,
    [...scores].sort((a, b) => b - a),
  );
});

describe('labelled data', () => {
  const reviews = [
    ['0', 'The food was cold and the waiter rude.'],
    ['1', 'I would come back any time, "wonderful" place.'],
    ['0', 'Broken after an hour.'],
    ['1', 'A joy from beginning to end.'],
    ['0', 'Boring, loud and far too long.'],
    ['1', 'My best purchase this year.'],
  ];
  const tsv = reviews.map((cells) => `${cells.join('\t')}\n`).join('');

  test('a TSV file without header, with labels of its own; the same results as run', async (t) => {
    const file = fileOf(t, 'dev.tsv', tsv);
    const columns = ['--columns', 'label,text'];
    const measured = await evaluate([
      ...[moodTask(), '-m', smollm, '--data', file, ...columns, '--label-map', '0=bad,1=good', '--json'],
    ]);
    assert.equal(measured.code, 0, measured.stderr);
    const report: Report = JSON.parse(measured.stdout);
    assertShape(report, 6);
    assert.deepEqual(
      report.perClass.map(({ label, support }) => [label, support]),
      [
        ['good', 3],
        ['bad', 3],
      ],
    );

    const ran = await runSlm(['run', moodTask(), '-m', smollm, file, ...columns, '--json']);
    assert.equal(ran.code, 0, ran.stderr);
    const names = { '0': 'bad', '1': 'good' } as Record<string, string>;
    const wrong = parsed(ran.stdout)
      .filter((result) => result.label !== names[result.input_label])
      .map(({ id, label, score }) => ({ id, label, score }));
    const mistakes = report.mistakes.map(({ id, predicted, score }) => ({
      id,
      label: predicted,
      score: Number((score as number).toFixed(6)),
    }));
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    assert.deepEqual(mistakes.sort(byId), wrong.sort(byId));
    assert.ok(Math.abs((figure(report, 'accuracy').value as number) - (6 - wrong.length) / 6) < 1e-9);
  });

  test('the same seed and data give the same figures; standard input and -o too', async (t) => {
    const file = path.join(tempFolder(t), 'report.json');
    const args = [moodTask(), '-m', smollm, '--data', '-', '--data-format', 'tsv', '--columns', 'label,text'];
    const more = ['--label-map', '0=bad', '--label-map', '1=good'];
    const first = await evaluate([...args, ...more, '-o', file], { input: tsv });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^mood: .* 6 records/mu);
    const second = await evaluate([...args, ...more, '--json'], { input: tsv });
    const [a, b] = [JSON.parse(readFileSync(file, 'utf8')), JSON.parse(second.stdout)] as [Report, Report];
    assert.deepEqual(a.figures, b.figures);
    assert.deepEqual(a.baselines, b.baselines);
    assert.deepEqual(a.mistakes, b.mistakes);
  });

  test('an unknown label, a row without one and data without any stop before the model, naming the line', async (t) => {
    const args = [moodTask(), '-m', smollm, '--data'];
    const bad = fileOf(
      t,
      'bad.jsonl',
      jsonl([
        { text: 'a', label: 'good' },
        { text: 'b', label: 'god' },
      ]),
    );
    assertClearError(await evaluate([...args, bad]), 2, /bad\.jsonl:2: .*"god" is not one of good, bad.*"good"/u);
    const none = fileOf(t, 'none.jsonl', jsonl([{ text: 'a', label: 'good' }, { text: 'b' }]));
    assertClearError(await evaluate([...args, none]), 2, /none\.jsonl:2: .*no "label"/u);
    assertClearError(await evaluate([...args, fileOf(t, 'e.jsonl', '')]), 2, /has no examples/u);
    assertClearError(await evaluate([...args, fileOf(t, 'plain.txt', 'x\n')]), 2, /carries no labels/u);
    assertClearError(await evaluate([...args, 'no-such.tsv']), 2, /no file "no-such\.tsv"/u);
  });

  test('CoNLL: entities by the strict definition, other labels dropped by the map', async (t) => {
    const conll =
      '-DOCSTART- -X- O O\n\nAspirin NN B-NP B-MED\nwas VB O O\ngiven VB O O\n. . O O\n\n' +
      'Anna NN B-NP B-PER\ntook VB O O\nibuprofen NN B-NP I-MED\n400 CD I-NP B-DOS\nmg NN I-NP I-DOS\n\nRain NN O O\n';
    const task = await starterTask('medicines', 'extract');
    const { code, stdout, stderr } = await evaluate([
      ...[task, '-m', gemma, '--data', fileOf(t, 'notes.conll', conll), '--json'],
      ...['--label-map', 'MED=medicine,DOS=dose,PER='],
    ]);
    const report: Report = JSON.parse(stdout);
    assert.equal(code, report.goals.every((goal) => goal.passed) ? 0 : 100, stderr);
    assertShape(report, 3);
    assert.deepEqual(
      report.perClass.map(({ label, support }) => [label, support]),
      [
        ['medicine', 2],
        ['dose', 1],
      ],
    );
    const f1 = figure(report, 'entity-f1').value;
    assert.ok(f1 === null || (f1 >= 0 && f1 <= 1));
    assert.ok(report.mistakes.every((mistake) => /notes\.conll:\d+$/u.test(mistake.place)));
  });

  test('SQuAD 2: exact match, F1 and no answer', async (t) => {
    const context = 'The bridge was built in 1911 by Emil Vogt. It is 80 m long.';
    const squad = {
      version: 'v2.0',
      data: [
        {
          title: 'Bridge',
          paragraphs: [
            {
              context,
              qas: [
                {
                  id: 'q1',
                  question: 'Who built the bridge?',
                  is_impossible: false,
                  answers: [{ text: 'Emil Vogt', answer_start: 32 }],
                },
                {
                  id: 'q2',
                  question: 'How long is the bridge?',
                  is_impossible: false,
                  answers: [{ text: '80 m', answer_start: 50 }],
                },
                { id: 'q3', question: 'What did the tunnel cost?', is_impossible: true, answers: [] },
              ],
            },
          ],
        },
      ],
    };
    const task = await starterTask('library', 'answer');
    const args = [
      '-m',
      gemma,
      '--data-format',
      'squad',
      '--json',
      '--data',
      fileOf(t, 'dev.json', JSON.stringify(squad)),
    ];
    const { code, stdout, stderr } = await evaluate([task, ...args]);
    const report: Report = JSON.parse(stdout);
    assert.equal(code, report.goals.every((goal) => goal.passed) ? 0 : 100, stderr);
    assertShape(report, 3);
    const exact = figure(report, 'exact-match').value as number;
    assert.ok(
      [0, 1 / 3, 2 / 3, 1].some((value) => Math.abs(value - exact) < 1e-9),
      `${exact}`,
    );
  });
});

test('a minimum that is not reached exits with 100, one that cannot be measured too', async () => {
  const task = writeTask('strict', {
    'task.yaml': 'name: strict\ninclude: ../mood\ntype: classify\nmetrics:\n  accuracy: 1.1\n',
  });
  moodTask();
  const { code, stdout, stderr } = await evaluate([task, '-m', smollm]);
  assert.equal(code, 100, stderr);
  assert.match(stdout, /FAILED: accuracy/u);
});

test('-m A,B compares models on the same records', async (t) => {
  const { code, stdout, stderr } = await evaluate([moodTask(), '-m', `${smollm},${gemma}`, '--json']);
  assert.equal(code, 0, stderr);
  const { reports, comparison }: { reports: Report[]; comparison: Comparison } = JSON.parse(stdout);
  assert.deepEqual(
    reports.map((report) => report.model.name),
    [smollm, gemma],
  );
  assert.deepEqual(
    [comparison.n, comparison.metric, comparison.pairs.map(({ first, second }) => [first, second])],
    [4, 'accuracy', [[smollm, gemma]]],
  );
  for (const [i, report] of reports.entries()) assert.deepEqual(comparison.systems[i]?.figures, report.figures);
  for (const report of reports) assertShape(report, 4);
  const folder = tempFolder(t);
  const [page, junit] = ['out.html', 'junit.xml'].map((name) => path.join(folder, name)) as [string, string];
  const text = await evaluate([moodTask(), '-m', `${smollm},${gemma}`, '--report', page, '--junit', junit]);
  const markup = readFileSync(page, 'utf8');
  // Two points; a legend has dots, too, where one is beaten.
  assert.equal(markup.match(/<circle[^>]* r="5"\/><text[^>]*>(?:smollm|gemma)/gu)?.length, 2);
  assert.match(markup, /<title>mood: 2 models<\/title>/u);
  assert.match(
    readFileSync(junit, 'utf8'),
    new RegExp(`<testsuite name="mood on ${gemma}" tests="4" failures="0"`, 'u'),
  );
  assert.match(text.stdout, new RegExp(`^${smollm} .*\\n${gemma} .*$`, 'mu'));
});

describe('an earlier report', () => {
  const rows = [
    { text: 'Wonderful, lovely, perfect.', label: 'good' },
    { text: 'Broken after an hour.', label: 'bad' },
    { text: 'A joy from beginning to end.', label: 'bad' },
  ];
  const differences = (file: string) => parsed(readFileSync(file, 'utf8')) as Difference[];

  test('--baseline pairs it with what is measured now; a gate that fails exits with 100', async (t) => {
    const folder = tempFolder(t);
    const [earlier, differ] = ['earlier.json', 'differ.jsonl'].map((name) => path.join(folder, name));
    assert.ok(earlier && differ);
    const args = [moodTask(), '-m', smollm, '--data'];
    const data = fileOf(t, 'data.jsonl', jsonl(rows));
    assert.equal((await evaluate([...args, data, '-o', earlier])).code, 0);
    // As if the model had said something else then: everything is paired and counted from the file.
    const report = JSON.parse(readFileSync(earlier, 'utf8')) as { records: { output: { labels: string[] } }[] };
    const [first] = report.records;
    assert.ok(first);
    const [said] = first.output.labels;
    first.output.labels = [said === 'good' ? 'bad' : 'good'];
    writeFileSync(earlier, JSON.stringify(report));

    const more = ['--baseline', earlier, '--differences', differ, '--json'];
    const same = fileOf(t, 'moved.jsonl', jsonl([...rows].reverse()));
    const { code, stdout, stderr } = await evaluate([...args, same, ...more, '--gate', `${smollm} >= baseline - 1`]);
    assert.equal(code, 0, stderr);
    const { comparison, gates } = JSON.parse(stdout) as { comparison: Comparison; gates: GateResult[] };
    assert.deepEqual(
      comparison.systems.map(({ name, file }) => [name, file]),
      [
        [smollm, null],
        ['baseline', earlier],
      ],
    );
    assert.deepEqual(
      [comparison.n, comparison.pairs[0]?.agreement, gates.map(({ passed }) => passed)],
      [3, 2 / 3, [true]],
    );
    const [only, ...others] = differences(differ);
    assert.deepEqual([only?.text, others.length], ['Wonderful, lovely, perfect.', 0]);

    const failing = await evaluate([...args, same, '--baseline', earlier, '--gate', 'accuracy > baseline + 0.9']);
    assert.equal(failing.code, 100, failing.stderr);
    assert.match(failing.stdout, /FAILED: gate accuracy > baseline \+ 0\.9 for smollm2-135m-instruct/u);
    assert.match(failing.stdout, /where they differ, 1 of 1:\n {2}.*moved\.jsonl:3/u);
  });

  test('files that do not fit stop before a model is loaded', async (t) => {
    const args = [moodTask(), '-m', smollm];
    const other = fileOf(t, 'other.json', '{"reports": 1}');
    assertClearError(await evaluate([...args, '--baseline', other]), 2, /other\.json is not a report/u);
    assertClearError(await evaluate([...args, '--baseline', 'none.json']), 2, /none\.json cannot be read/u);
    assertClearError(await evaluate([...args, '--gate', 'acuracy > 1']), 2, /Did you mean "accuracy"/u);
    assertClearError(await evaluate([...args, '--differences', path.join(tempFolder(t), 'd')]), 2, /needs two/u);
  });
});

test('mistakes are listed with line, gold and prediction', async (t) => {
  // Gold that is wrong on purpose makes mistakes certain.
  const rows = [
    { id: 'x', text: 'Wonderful, lovely, perfect.', label: 'bad' },
    { id: 'y', text: 'Wonderful, lovely, perfect.', label: 'good' },
  ];
  const data = fileOf(t, 'wrong.jsonl', jsonl(rows));
  const { code, stdout, stderr } = await evaluate([moodTask(), '-m', smollm, '--data', data]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /surest mistakes, 1 of 1:\n {2}.*wrong\.jsonl:[12] .*\n {4}gold (good|bad)\n {4}said (good|bad)/u,
  );
  const none = await evaluate([moodTask(), '-m', smollm, '--data', data, '--mistakes', '0']);
  assert.doesNotMatch(none.stdout, /surest mistakes/u);
});
