import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import {
  collect,
  exitOf,
  jsonl,
  linesOf,
  moodTask,
  parsed,
  readText,
  runSlm,
  startSlm,
  tempFolder,
  until,
  writeTask,
} from '../helpers/slm.js';

const reviews = linesOf(readText('examples', 'reviews.txt'));
const fewReviews = `${reviews.slice(0, 4).join('\n')}\n`;
const row = /^(good|bad)\t[01]\.\d{4}\t.+$/u;

before(async () => {
  await modelFile(gemma);
  await modelFile(smollm);
});

describe('slm run sentiment, as in the README', () => {
  // By a reader's judgement, in the order of examples/reviews.txt.
  const gold = [...'PNPPNNPNPPNNPNPNNPPNPPNN'].map((letter) => (letter === 'P' ? 'positive' : 'negative'));
  let fromFile: string;

  test('a row a line, with label, score and text', async () => {
    const { code, stdout, stderr } = await runSlm(['run', 'sentiment', 'examples/reviews.txt', '--lines'], {
      env: { SLM_THREADS: '2' },
      timeoutMs: 900_000,
    });
    assert.equal(code, 0, stderr);
    fromFile = stdout;
    const cells = linesOf(stdout).map((line) => line.split('\t'));
    assert.equal(cells.length, 24);
    for (const [i, [label, score, text, ...more]] of cells.entries()) {
      assert.match(label as string, /^(positive|neutral|negative)$/u);
      assert.match(score as string, /^(0\.[3-9]\d{3}|1\.0000)$/u);
      assert.equal(text, reviews[i]);
      assert.equal(more.length, 0);
    }
    const right = cells.filter(([label], i) => label === gold[i]).length;
    // 23 of 24 where this was written.
    assert.ok(right >= 19, `${right} of 24`);
  });

  test('standard input gives the same bytes, on one thread and a second time', async () => {
    const { code, stdout, stderr } = await runSlm(['run', 'sentiment', '--lines', '--threads', '1'], {
      input: readText('examples', 'reviews.txt'),
      timeoutMs: 900_000,
    });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, fromFile);
    assert.equal(stderr, '');
  });

  test('csv in, csv out: the columns come along', async () => {
    const { code, stdout, stderr } = await runSlm(
      ['run', 'sentiment', 'examples/reviews.csv', '--field', 'review', '--format', 'csv'],
      { timeoutMs: 900_000 },
    );
    assert.equal(code, 0, stderr);
    const given: string[][] = parse(readText('examples', 'reviews.csv'));
    const [header, ...rows]: string[][] = parse(stdout);
    const ours = ['id', 'label', 'abstained', 'score', 'score_positive', 'score_neutral', 'score_negative', 'error'];
    assert.deepEqual(header, ['product', 'stars', 'review', ...ours]);
    assert.equal(rows.length, given.length - 1);
    for (const [i, [product, stars, review, id, label, abstained, ...scores]] of rows.entries()) {
      assert.deepEqual([id, product, stars, review], given[i + 1]);
      assert.match(label as string, /^(positive|neutral|negative)$/u);
      assert.equal(abstained, 'false');
      assert.equal(scores.pop(), '');
      for (const score of scores) assert.match(score, /^[01](\.\d+)?$/u);
    }
  });
});

for (const model of [gemma, smollm]) {
  describe(`slm run on a task of one's own, ${model}`, () => {
    const run = (args: string[], options: Parameters<typeof runSlm>[1] = {}) =>
      runSlm(['run', moodTask(), '-m', model, ...args], options);

    test('texts of the command line', async () => {
      const { code, stdout, stderr } = await run(['-t', 'I loved it, thank you!', '-t', 'Broken, rude, late: awful.']);
      assert.equal(code, 0, stderr);
      const rows = linesOf(stdout);
      assert.equal(rows.length, 2);
      for (const line of rows) assert.match(line, row);
    });

    test('the same input gives the same bytes: twice, on one thread or two, zipped or not', async () => {
      const first = await run(['--lines', '--threads', '1', '--json'], { input: fewReviews });
      const second = await run(['--lines', '--threads', '1', '--json'], { input: fewReviews });
      const twoSlots = await run(['--lines', '--threads', '2', '--json'], { input: fewReviews });
      const zipped = await run(['--lines', '--json'], { input: gzipSync(fewReviews) });
      assert.equal(first.code, 0, first.stderr);
      assert.equal(linesOf(first.stdout).length, 4);
      assert.equal(second.stdout, first.stdout);
      assert.equal(twoSlots.stdout, first.stdout);
      assert.equal(zipped.stdout, first.stdout);
    });
  });
}

describe('slm run: input and output', () => {
  const run = (args: string[], options: Parameters<typeof runSlm>[1] = {}) =>
    runSlm(['run', moodTask(), '-m', smollm, ...args], options);

  test('jsonl brings its fields along, and probabilities sum to 1', async () => {
    const rows = [
      { id: 'a', body: 'Lovely place.', stars: 5, nested: { x: [1] }, label: 'theirs' },
      { id: 'b', body: 'Never again.', stars: 1 },
    ];
    const { code, stdout, stderr } = await run(['--input-format', 'jsonl', '--field', 'body', '--json'], {
      input: jsonl(rows),
    });
    assert.equal(code, 0, stderr);
    const [a, b] = parsed(stdout);
    assert.deepEqual([a.id, a.body, a.stars, a.nested, a.input_label], ['a', 'Lovely place.', 5, { x: [1] }, 'theirs']);
    assert.deepEqual([b.id, b.stars, 'input_label' in b], ['b', 1, false]);
    for (const { label, score, scores } of [a, b]) {
      assert.deepEqual(Object.keys(scores), ['good', 'bad']);
      assert.equal(score, Math.max(scores.good, scores.bad));
      assert.equal(scores[label], score);
      assert.ok(Math.abs(scores.good + scores.bad - 1) < 1e-5);
    }
    const bare = await run(['--input-format', 'jsonl', '--field', 'body', '--json', '--no-pass-through'], {
      input: jsonl(rows),
    });
    assert.deepEqual(Object.keys(parsed(bare.stdout)[0]), ['id', 'label', 'score', 'scores']);
  });

  test('-o writes a file in the format of its suffix, and nothing to stdout', async (t) => {
    const file = path.join(tempFolder(t), 'out.jsonl');
    const { code, stdout, stderr } = await run(['--lines', '-o', file], { input: fewReviews });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '');
    assert.deepEqual(
      parsed(readFileSync(file, 'utf8')).map(({ id }) => id),
      ['1', '2', '3', '4'],
    );
  });

  test('--threshold gives no label to what scores less', async () => {
    const { code, stdout, stderr } = await run(['--lines', '--threshold', '0.99', '--json'], { input: fewReviews });
    assert.equal(code, 0, stderr);
    const results = parsed(stdout);
    assert.equal(results.length, 4);
    for (const { label, abstained, score } of results) {
      assert.equal(abstained === true, score < 0.99);
      assert.equal(label === null, score < 0.99);
    }
    assert.ok(results.some(({ abstained }) => abstained === true));
  });

  test('a document of 100 kB is cut into pieces and gives one result', async () => {
    // Long words: many bytes, few tokens.
    const sentence =
      'International understanding throughout administrative responsibilities nevertheless disappointed everybody. ';
    const text = sentence.repeat(Math.ceil(100_000 / sentence.length));
    // Gemma reads twice as fast as the other one.
    const { code, stdout, stderr } = await run(['--json', '--explain', '-m', gemma], { input: text });
    assert.equal(code, 0, stderr);
    const [result, ...more] = parsed(stdout);
    assert.equal(more.length, 0);
    assert.match(result.label, /^(good|bad)$/u);
    assert.ok(Math.abs(result.scores.good + result.scores.bad - 1) < 1e-5);
    assert.match(JSON.stringify(result.explanation), /piece 2 of \d+/u);
  });

  test('records that cannot be read become error records in their place, exit code 4', async () => {
    const input =
      '{"id":"one","text":"Lovely."}\n{"id":"two","text":\n{"id":"three"}\n[4]\n{"id":"five","text":"Awful."}\n';
    const { code, stdout, stderr } = await run(['--input-format', 'jsonl', '--json'], { input });
    assert.equal(code, 4, stderr);
    const results = parsed(stdout);
    assert.equal(results.length, 5);
    assert.deepEqual(
      results.map(({ error }) => error === undefined),
      [true, false, false, false, true],
    );
    assert.deepEqual([results[0].id, results[2].id, results[4].id], ['one', 'three', 'five']);
    for (const { label } of [results[0], results[4]]) assert.match(label, /^(good|bad)$/u);
    assert.match(stderr, /3 of 5 records failed/u);
  });

  test('results come while the input stays open, and SIGINT ends with 130 and whole lines', async () => {
    const child = startSlm(['run', moodTask(), '-m', smollm, '--lines']);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    const end = exitOf(child);
    const lineCount = () => stdout().split('\n').length - 1;
    for (const [i, line] of reviews.slice(0, 3).entries()) {
      child.stdin.write(`${line}\n`);
      await until(() => lineCount() === i + 1, `result ${i + 1}; stderr: ${stderr()}`);
    }
    child.kill('SIGINT');
    assert.equal(await end, 130);
    assert.equal(linesOf(stdout()).length, 3);
    for (const line of linesOf(stdout())) assert.match(line, row);
    assert.match(stderr(), /interrupted after 3 records/u);
  });

  test('SIGINT in the middle of the work ends at once with whole lines', async (t) => {
    const file = path.join(tempFolder(t), 'many.txt');
    writeFileSync(file, fewReviews.repeat(500));
    const child = startSlm(['run', moodTask(), '-m', smollm, '--lines', file]);
    const stdout = collect(child.stdout);
    const end = exitOf(child);
    await until(() => stdout().includes('\n'), 'a first result');
    child.kill('SIGINT');
    assert.equal(await end, 130);
    const rows = linesOf(stdout());
    assert.ok(rows.length < 2000);
    for (const line of rows) assert.match(line, row);
  });

  test('a reader that leaves (| head -1) is a normal end without a word', async (t) => {
    const file = path.join(tempFolder(t), 'many.txt');
    writeFileSync(file, fewReviews.repeat(500));
    const child = startSlm(['run', moodTask(), '-m', smollm, '--lines', file]);
    const stderr = collect(child.stderr);
    const end = exitOf(child);
    child.stdout.once('data', () => child.stdout.destroy());
    assert.equal(await end, 0);
    assert.doesNotMatch(stderr(), /EPIPE|slm: (?!SmolLM2)|\bat /u);
  });
});

test('examples with emoji do not keep a task from the cut vocabulary, nor change its constants', async () => {
  const examples = [
    ['What a lovely evening, thank you!', 'good'],
    ['Broken on arrival and nobody answers.', 'bad'],
    ['Love it 😍', 'good'],
    ['🙄 never again', 'bad'],
    ...Array.from({ length: 4 }, (_, i) => [
      [`A joy, for the ${i}th time.`, 'good'],
      [`It broke after ${i} days.`, 'bad'],
    ]).flat(),
  ];
  const task = writeTask('emoji', {
    'task.yaml':
      'name: emoji\ntype: classify\nlabels: [good, bad]\nexamples: examples.jsonl\n' +
      'prompt:\n  instruction: ""\n  base: |\n    Review: {{ text }}\n    Mood:\n  use: base\noptions:\n  shots: 2\n',
    'examples.jsonl': jsonl(examples.map(([text, label]) => ({ text, label }))),
  });
  const input = 'The soup was cold.\nSo good 😍\nA joy from the first page to the last.\n';
  const run = () => runSlm(['run', task, '-m', gemma, '--lines', '--json'], { input });
  const first = await run();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /calibrating emoji/u);
  assert.deepEqual(await run().then(({ stdout, stderr }) => [stdout, stderr]), [first.stdout, '']);
  // Computed on the whole model, whatever is known already, and in place of a file that is damaged.
  writeFileSync(path.join(task, 'calibration.json'), '{"k": ');
  const calibrated = await runSlm(['tasks', 'calibrate', task, '-m', gemma]);
  assert.equal(calibrated.code, 0, calibrated.stderr);
  assert.equal((await run()).stdout, first.stdout);
});
