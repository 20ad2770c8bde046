import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { modelFile, qwen } from '../helpers/models.js';
import { jsonl, parsed, readText, runSlm, writeTask } from '../helpers/slm.js';

const timeoutMs = 600_000;

before(async () => {
  await modelFile(qwen);
});

const text = 'Anna Bergström of Volvo moved to Gdańsk. She loves it there.';

const context =
  'The night bus N7 leaves the harbour at 23:40 and at 01:10. It stops at the hospital and at Rosenau station, ' +
  'and a single ticket costs 3.20 euros. Dogs travel free of charge if they are on a lead.';

test('an instruct model reads whole passages in chat turns, and what it answers stands in them', {
  timeout: timeoutMs,
}, async () => {
  const asked = [
    { question: 'How much is a single ticket?', context },
    { question: 'Where does the N7 stop besides the hospital?', context },
    { question: 'Who drives the night bus on Sundays?', context },
    // No word of it stands in the passage, which is short enough to be read all the same.
    { question: 'Combien coûte le billet ?', context },
  ];
  const { code, stdout, stderr } = await runSlm(
    ['run', 'qa', '-m', qwen, '--input-format', 'jsonl', '--json', '--threshold', '0'],
    { input: jsonl(asked), timeoutMs },
  );
  assert.equal(code, 0, stderr);
  const results = parsed(stdout) as { answer: string | null; start: number; end: number; score: number }[];
  assert.equal(results.length, 4);
  for (const { answer, start, end } of results) {
    if (answer !== null) assert.equal(context.slice(start, end), answer);
  }
  const [price, stop, driver, prix] = results.map(({ answer, score }) => ({ answer: answer ?? '', score }));
  assert.match(price?.answer ?? '', /3\.20/u);
  assert.match(stop?.answer ?? '', /Rosenau/u);
  assert.match(prix?.answer ?? '', /3\.20/u);
  // What the passage does not say is less sure than what it says.
  assert.ok((driver?.score ?? 1) < Math.min(price?.score ?? 0, stop?.score ?? 0), JSON.stringify(results));
});

test('labels of a model that nobody has prepared the task for, and what would make them better', {
  timeout: timeoutMs,
}, async () => {
  const lines = readText('tasks', 'sentiment', 'examples.jsonl')
    .split('\n')
    .filter((_, i) => i % 18 === 0);
  const task = writeTask('unprepared', {
    'task.yaml': readText('tasks', 'sentiment', 'task.yaml'),
    'examples.jsonl': `${lines.join('\n')}\n`,
    'test.jsonl': readText('tasks', 'sentiment', 'test.jsonl'),
  });
  const labelled = await runSlm(['run', task, '-m', qwen, '--json', '-t', text], { timeoutMs });
  assert.equal(labelled.code, 0, labelled.stderr);
  assert.match(labelled.stderr, /on \d+ of \d+ examples, to answer soon; better: `slm tasks calibrate/u);
  const [mood] = parsed(labelled.stdout) as { label: string; scores: Record<string, number> }[];
  assert.equal(mood?.label, 'positive');
  assert.ok(Math.abs(Object.values(mood.scores).reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
});

test('entities of a model by its prompt alone', { timeout: timeoutMs }, async () => {
  const found = await runSlm(['run', 'ner', '-m', qwen, '--untuned', '--json', '-t', text], { timeoutMs });
  assert.equal(found.code, 0, found.stderr);
  const [{ entities } = { entities: [] }] = parsed(found.stdout) as {
    entities: { text: string; start: number; end: number; type: string }[];
  }[];
  for (const { text: name, start, end } of entities) assert.equal(text.slice(start, end), name);
  assert.ok(
    entities.some(({ text: name }) => name.includes('Anna')),
    found.stdout,
  );
});
