import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { jsonl, linesOf, parsed, readText, runSlm, starterTask } from '../helpers/slm.js';

const handbook = 'tasks/qa/documents/employee-handbook.md';
const timeoutMs = 900_000;

before(async () => {
  await modelFile(gemma);
  await modelFile(smollm);
});

interface Answered {
  answer: string | null;
  start: number;
  end: number;
  line: number;
  source: string;
  sentence: string;
  score: number;
  reason?: string;
}

/** The answer is the document's own text at the offsets and on the line that it names. */
function assertGrounded(result: Answered, document: string): void {
  assert.ok(result.answer !== null);
  const characters = [...document];
  assert.equal(characters.slice(result.start, result.end).join(''), result.answer);
  assert.equal(characters.slice(0, result.start).filter((character) => character === '\n').length + 1, result.line);
  assert.ok(result.sentence.includes(result.answer), result.sentence);
  assert.ok(document.includes(result.sentence));
  assert.ok(result.score > 0 && result.score <= 1);
}

function assertNoAnswer(result: Answered): void {
  assert.equal(result.answer, null);
  assert.ok(typeof result.reason === 'string' && result.reason.length > 5);
  assert.ok(!('start' in result) && !('sentence' in result));
}

test('slm run qa --context: an answer with its place, or none with the reason', { timeout: 1_200_000 }, async () => {
  const questions = [
    'How much does the company spend on a pair of safety shoes each year?',
    'What is the capital of Mongolia?',
    'Which planet has the most moons?',
    '',
  ];
  // Where the decision is drawn is for eval to measure; questions that no passage touches score 0.
  const { code, stdout, stderr } = await runSlm(
    ['run', 'qa', '--context', handbook, '--lines', '--json', '--threshold', '0.2'],
    {
      input: `${questions.join('\n')}\n`,
      timeoutMs,
    },
  );
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /calibrating/u, 'qa comes calibrated: else `slm tasks calibrate` was forgotten');
  const results = parsed(stdout);
  assert.equal(results.length, 4);
  assert.deepEqual(
    results.map(({ question }) => question),
    questions,
  );
  const document = readText(...handbook.split('/'));
  assertGrounded(results[0], document);
  assert.equal(results[0].source, handbook);
  assert.match(results[0].sentence, /safety shoes/u);
  assertNoAnswer(results[1]);
  assertNoAnswer(results[2]);
  assertNoAnswer(results[3]);
  assert.match(results[3].reason, /empty/u);
});

test("a record's own context is read instead of the documents, beside the profile's own", {
  timeout: 1_200_000,
}, async () => {
  const context =
    '🚲 The bicycle shop was founded in 1987 by Rosa Lindqvist. It sells 40 bicycles a month.\r\nIt is closed in July.';
  const rows = [
    { id: 'own', question: 'Who founded the bicycle shop?', context, shop: 7 },
    { id: 'documents', question: 'Until what time can I phone in sick if I do not work shifts?' },
  ];
  const { code, stdout, stderr } = await runSlm(
    ['run', 'qa', '--input-format', 'jsonl', '--json', '--threshold', '0'],
    {
      input: jsonl(rows),
      timeoutMs,
    },
  );
  assert.equal(code, 0, stderr);
  const [own, documents] = parsed(stdout);
  assert.deepEqual([own.id, own.shop, documents.id], ['own', 7, 'documents']);
  assertGrounded(own, context);
  assert.equal(own.source, 'context');
  assert.match(documents.source, /^(employee-handbook|coffee-machine-manual)\.md$/u);
  assertGrounded(documents, readText('tasks', 'qa', 'documents', documents.source));
});

test('questions of a file, a row each in tsv', { timeout: 1_200_000 }, async () => {
  const { code, stdout, stderr } = await runSlm(
    ['run', 'qa', 'examples/questions.txt', '--lines', '--limit', '4', '--threshold', '0.2'],
    {
      timeoutMs,
    },
  );
  assert.equal(code, 0, stderr);
  const asked = linesOf(readText('examples', 'questions.txt'));
  const rows = linesOf(stdout).map((line) => line.split('\t'));
  assert.equal(rows.length, 4);
  for (const [i, cells] of rows.entries()) {
    assert.equal(cells.length, 7);
    assert.equal(cells[6], asked[i]);
    assert.match(cells[1] as string, /^[01]\.\d{4}$/u);
    // Answer and place go together.
    assert.equal(cells[0] === '', cells[3] === '');
  }
  assert.ok(rows.filter((cells) => cells[0] !== '').length >= 2, stdout);
});

for (const model of [gemma, smollm]) {
  test(`a task of one's own answers from its documents (${model})`, async () => {
    const task = await starterTask('library', 'answer');
    const { code, stdout, stderr } = await runSlm(
      [
        'run',
        task,
        '-m',
        model,
        '--json',
        '-t',
        'How long may a book be kept?',
        '-t',
        'zxqv wvut?',
        '--threshold',
        '0',
      ],
      { timeoutMs },
    );
    assert.equal(code, 0, stderr);
    const [kept, nonsense] = parsed(stdout);
    const document =
      '# The library\n\nThe library is open from nine to six on weekdays and from ten to two on Saturdays. It is closed on Sundays.\n\n' +
      '# Borrowing\n\nA book may be kept for four weeks. Late books cost 20 cents a day.\n';
    assertGrounded(kept, document);
    assert.equal(kept.source, 'opening-hours.md');
    assertNoAnswer(nonsense);
  });
}

test('--context is refused where no question is answered, and a missing document is named', async () => {
  const wrong = await runSlm(['run', 'sentiment', '--context', handbook, '-t', 'x']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--context/u);
  const missing = await runSlm(['run', 'qa', '--context', 'no-such-file.md', '-t', 'x']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /no-such-file\.md/u);
});
