import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { AskSession } from '../../../src/cli/ask/ask-session.js';
import { answerLines, answerObject } from '../../../src/cli/ask/ask-text.js';
import { plain } from '../../../src/formats/index.js';
import type { AnswerOutput, Evidence } from '../../../src/types.js';
import { root, runSlm } from '../../helpers/slm.js';

function evidence(start: number, sentence: string, page?: number): Evidence {
  return {
    document: '0/a.pdf',
    source: 'a.pdf',
    line: 3,
    ...(page === undefined ? {} : { page }),
    span: { start, end: start + 4 },
    start: { utf16: start, codepoint: start, byte: start },
    sentence,
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

  test('that is none says why, and nothing in it acts on a terminal', () => {
    const none: AnswerOutput = { type: 'answer', answer: null, score: 0, reason: 'no\u001b[2J passage' };
    const [line = ''] = answerLines(none, style);
    assert.match(line, /^no answer: no/u);
    assert.ok(!line.includes('\u001b'));
  });
});

test('a session takes a question, shows what came of it, and takes the next', async () => {
  const asked: string[] = [];
  const { stdin, frames, lastFrame, unmount } = render(
    createElement(AskSession, {
      answer: async (question: string) => {
        asked.push(question);
        return `answer ${asked.length}`;
      },
    }),
  );
  const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
  const shown = async (isThere: () => boolean) => {
    for (let i = 0; i < 500 && !isThere(); i++) await turn();
  };
  await turn();
  for (const key of ['W', 'h', 'x', '\u007f', 'o', '?', '\r']) {
    stdin.write(key);
    await turn();
  }
  await shown(() => /› ▏$/u.test(lastFrame() ?? '') && asked.length > 0);
  assert.deepEqual(asked, ['Who?']);
  assert.ok(frames.some((frame) => frame.includes('› Who?') && frame.includes('answer 1')));
  assert.match(lastFrame() ?? '', /› ▏$/u);
  unmount();
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
