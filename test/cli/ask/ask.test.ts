import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { questionsFrom } from '../../../src/cli/ask/ask.js';
import { AskSession } from '../../../src/cli/ask/ask-session.js';
import { answerLines, answerObject } from '../../../src/cli/ask/ask-text.js';
import { plain } from '../../../src/formats/index.js';
import { isBadRow } from '../../../src/record.js';
import type { AnswerOutput, Evidence } from '../../../src/types.js';
import { root, runSlm } from '../../helpers/slm.js';

function evidence(start: number, sentence: string, page?: number, at = sentence.search(/blue|green/u)): Evidence {
  return {
    document: '0/a.pdf',
    source: 'a.pdf',
    line: 3,
    ...(page === undefined ? {} : { page }),
    span: { start, end: start + (sentence.includes('green') ? 5 : 4) },
    start: { utf16: start, codepoint: start, byte: start },
    sentence,
    sentenceStart: start - at,
  };
}

const output: AnswerOutput = {
  type: 'answer',
  answer: 'blue',
  score: 0.81,
  evidence: evidence(12, 'The door is blue since May.', 2),
  others: [{ answer: 'green', score: 0.4, evidence: evidence(60, 'The gate is green.') }],
};
const style = { paint: plain, width: 80, count: 1 };

test('questions that come line by line leave out blank ones, and name one that cannot be read', async () => {
  const lines = ['Who?', '', '  ', 'a'.repeat(2 << 20), 'Where?'];
  const stdin = (async function* () {
    yield Buffer.from(lines.join('\n'));
  })();
  const found: unknown[] = [];
  for await (const each of questionsFrom({ stdin, notice: assert.fail }, { summary: { input: 'question' } }))
    found.push(isBadRow(each) ? [each.index, each.error] : [each.index, each.text]);
  assert.deepEqual(found, [
    [0, 'Who?'],
    [1, 'line 4 is longer than 1 MiB'],
    [2, 'Where?'],
  ]);
});

describe('an answer', () => {
  test('stands marked in its sentence, with its place', () => {
    assert.deepEqual(answerLines(output, style), [
      'blue  81 %',
      '  The door is [blue] since May.',
      '  a.pdf:3, page 2',
    ]);
  });

  test('comes with others where they are wanted', () => {
    assert.deepEqual(answerLines(output, { ...style, count: 3 }).slice(3), [
      'green  40 %',
      '  The gate is [green].',
      '  a.pdf:3',
    ]);
    const { answers } = answerObject('What colour?', output, 3) as { answers: { answer: string; end: number }[] };
    assert.deepEqual(
      answers.map(({ answer, end }) => [answer, end]),
      [
        ['blue', 16],
        ['green', 65],
      ],
    );
  });

  test('is marked where it stands, whatever else has the same words', () => {
    const text = fc.string({ unit: fc.constantFrom('2', '1', ' ', 'a', '😀', '.') });
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('2', '12', 'a 2'),
        text,
        fc.nat(500),
        (before, answer, after, sentenceStart) => {
          const sentence = `${before}${answer}${after}`;
          const start = sentenceStart + before.length;
          const where = { ...evidence(start, sentence), sentenceStart, span: { start, end: start + answer.length } };
          const one: AnswerOutput = { type: 'answer', answer, score: 0.5, evidence: where };
          const [, line = ''] = answerLines(one, { ...style, width: 400 });
          const words = (part: string) => part.replace(/\s+/gu, ' ').trim();
          assert.deepEqual(line.slice(2).split(/[[\]]/u).map(words), [before, answer, after].map(words));
          const { answers } = answerObject('?', one, 1) as { answers: { start: number; end: number }[] };
          assert.equal((answers[0]?.end ?? 0) - (answers[0]?.start ?? 0), answer.length);
        },
      ),
    );
  });

  test('that is no part of its sentence leaves that as it is, and a verdict has the sentence as its place', () => {
    const sentence = 'The door is blue.';
    const outside: AnswerOutput = { ...output, evidence: { ...evidence(12, sentence), sentenceStart: 14 } };
    assert.equal(answerLines(outside, style)[1], `  ${sentence}`);
    const whole = { ...evidence(40, sentence), sentenceStart: 40, span: { start: 40, end: 57 } };
    const verdict: AnswerOutput = { type: 'answer', answer: 'yes', isVerdict: true, score: 0.5, evidence: whole };
    assert.equal(answerLines(verdict, style)[1], `  [${sentence}]`);
    const { answers } = answerObject('?', verdict, 1) as { answers: { start: number; end: number }[] };
    assert.deepEqual(
      answers.map(({ start, end }) => [start, end]),
      [[40, 57]],
    );
  });

  test('that is none says why, and nothing in it acts on a terminal', () => {
    const none: AnswerOutput = { type: 'answer', answer: null, score: 0, reason: 'no\u001b[2J passage' };
    const [line = ''] = answerLines(none, style);
    assert.match(line, /^no answer: no/u);
    assert.ok(!line.includes('\u001b'));
  });
});

describe('a session', () => {
  const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
  const session = async (answer: (question: string) => Promise<string>) => {
    const asked: string[] = [];
    let interrupts = 0;
    const view = render(
      createElement(AskSession, {
        answer: (question: string) => {
          asked.push(question);
          return answer(question);
        },
        interrupt: () => interrupts++,
      }),
    );
    await turn();
    const shown = async (isThere: () => boolean) => {
      for (let i = 0; i < 500 && !isThere(); i++) await turn();
    };
    const frame = () => view.lastFrame() ?? '';
    return { ...view, asked, interrupts: () => interrupts, shown, frame };
  };

  test('takes a question, shows what came of it, and takes the next', async () => {
    const { stdin, frame, asked, shown, unmount } = await session(async (question) => `answer to ${question}`);
    for (const key of ['W', 'h', 'x', '\u007f', 'o', '?', '\r']) stdin.write(key);
    await shown(() => frame().includes('answer to Who?'));
    assert.deepEqual(asked, ['Who?']);
    assert.match(frame(), /› Who\?\nanswer to Who\?\n\n› ▏$/u);
    unmount();
  });

  test('answers pasted lines one after the other, and keeps what is typed meanwhile', async () => {
    const waiting: (() => void)[] = [];
    const { stdin, frame, asked, shown, unmount } = await session(
      (question) => new Promise((resolve) => waiting.push(() => resolve(`answer to ${question}`))),
    );
    stdin.write('One?\r\n  \rTwo?\rThr');
    stdin.write('ee?');
    await shown(() => frame().includes('› Three?▏'));
    assert.match(frame(), /› One\? …\n› Two\? …\n› Three\?▏$/u);
    assert.deepEqual(asked, ['One?']);
    waiting[0]?.();
    await shown(() => asked.length === 2);
    waiting[1]?.();
    await shown(() => frame().includes('answer to Two?'));
    assert.match(frame(), /answer to One\?\n\n› Two\?\nanswer to Two\?\n\n› Three\?▏$/u);
    unmount();
  });

  test('draws less than a terminal has room for, however much is pasted, and answers all of it', async () => {
    const waiting: (() => void)[] = [];
    const { stdin, frame, asked, shown, unmount } = await session(
      (question) => new Promise((resolve) => waiting.push(() => resolve(`answer to ${question}`))),
    );
    const questions = Array.from({ length: 60 }, (_, i) => `Question ${i}${' and so on'.repeat(i === 1 ? 40 : 0)}?`);
    stdin.write(questions.map((question) => `${question}\r`).join(''));
    stdin.write(`${'x'.repeat(5000)}end`);
    await shown(() => frame().endsWith('end▏'));
    assert.match(
      frame(),
      /^› Question 0\? …\n› Question 1 and.*…\n› Question 2\? …\n› Question 3\? …\n {2}… and 56 more\n› …x/u,
    );
    assert.ok(frame().split('\n').length < 24);
    for (let i = 0; i < questions.length; i++) {
      await shown(() => waiting.length > i);
      waiting[i]?.();
    }
    await shown(() => frame().includes('answer to Question 59?'));
    assert.deepEqual(asked, questions);
    unmount();
  });

  test('shows nothing that acts on the terminal, neither of a question nor of an error', async () => {
    const { stdin, frame, shown, unmount } = await session(async () => {
      throw new Error('no \u001b[2J\u009b31m\u202e');
    });
    stdin.write('a\u001b[31mb\u202e\u009b31mc\r');
    await shown(() => frame().includes('error'));
    assert.match(frame(), /› abc\nerror: no ␛\[2J␡31m\n\n› ▏$/u);
    unmount();
  });

  test('passes Ctrl-C on, during an answer too', async () => {
    const { stdin, interrupts, unmount } = await session(() => new Promise(() => undefined));
    stdin.write('\u0003');
    stdin.write('Who?\r');
    stdin.write('\u0003');
    assert.equal(interrupts(), 2);
    unmount();
  });
});

test('slm ask names a folder that does not exist, and wants a question', async () => {
  const missing = await runSlm(['ask', 'Who is it?', 'nowhere']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /no file or folder "nowhere"/u);
  for (const question of [' ', '']) {
    const empty = await runSlm(['ask', question, 'tasks/qa/documents']);
    assert.equal(empty.code, 2);
    assert.match(empty.stderr, /the question is empty/u);
  }
});

test('slm ask says that it does not read what is piped to it, unless it is asked to', () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'slm-ask-'));
  const asked = (documents: string) =>
    spawnSync('sh', ['-c', `echo "The door is blue." | "$0" "$1" ask "Which colour?" ${documents}`, ...program], {
      cwd,
    });
  assert.match(String(asked('').stderr), /standard input is not read: `slm ask "…" -` answers from it/u);
  assert.doesNotMatch(String(asked('nowhere').stderr), /standard input/u);
});

const program = [process.execPath, path.join(root, 'bin', 'slm.js')];
