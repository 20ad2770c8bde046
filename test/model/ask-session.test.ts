import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { gemma, modelFile } from '../helpers/models.js';
import { assertNoTrace, runSlm, tempFolder } from '../helpers/slm.js';
import { hasTerminal, onTerminal } from '../helpers/terminal.js';

before(() => modelFile(gemma));

function folderWith(t: TestContext): string {
  const cwd = tempFolder(t);
  writeFileSync(path.join(cwd, 'a.md'), 'Members may borrow 12 books for 2 weeks.\n');
  return cwd;
}

const asked = ['ask', '-m', gemma, '--threshold', '0', 'a.md'];
/** The empty line of input. */
const prompt = '› ▏';

describe('a session on a terminal', { skip: !hasTerminal }, () => {
  const start = async (t: TestContext, columns = 80) => {
    const terminal = onTerminal(t, asked, { cwd: folderWith(t), columns });
    await terminal.see(prompt);
    return terminal;
  };

  test('outlives every key and every paste, answers pasted lines one after the other, and ends with Ctrl-D', async (t) => {
    const terminal = await start(t);
    // Ctrl and F1, F2, F4, Tab; then a text with colours.
    for (const key of ['\u001b[1;5P', '\u001b[1;5Q', '\u001b[1;5S', '\u001b[1;5I', '\u001bOP']) terminal.send(key);
    terminal.send('\u001b[31mFor how\u001b[38;5;196m many weeks?\u001b[0m\rHow many books?\r');
    await terminal.see('› For how many weeks?');
    await terminal.see('a.md:1');
    await terminal.see('› How many books?\r\n');
    terminal.send('\u0004');
    assert.equal(await terminal.ended, 0);
    assertNoTrace(terminal.drawn());
  });

  test('is drawn on a terminal that does not know its size as on one of 80 columns', async (t) => {
    const terminal = await start(t, 0);
    terminal.send('For how many weeks?\r');
    await terminal.see('a.md:1');
    terminal.send('\u001b');
    assert.equal(await terminal.ended, 0);
    const lines = stripVTControlCharacters(terminal.drawn()).split(/\r?\n/u);
    // The answer is marked somewhere in it.
    assert.ok(lines.some((line) => /Members may borrow .* weeks\]?\./u.test(line)));
  });

  for (const [how, end, code] of [
    ['Ctrl-C', '\u0003', 130],
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGINT', 130],
    ['Escape', '\u001b', 0],
  ] as const) {
    for (const during of [false, true]) {
      test(`ends by ${how} with exit code ${code}${during ? ' during an answer, too' : ''}`, async (t) => {
        const terminal = await start(t);
        if (during) {
          terminal.send('For how many weeks?\r');
          await terminal.see('For how many weeks? …');
        }
        if (end.startsWith('SIG')) terminal.signal(end as NodeJS.Signals);
        else terminal.send(end);
        assert.equal(await terminal.ended, code, terminal.drawn());
        assertNoTrace(terminal.drawn());
      });
    }
  }

  test('is none where questions are piped: they are answered, and the program ends', async (t) => {
    const terminal = onTerminal(t, asked, { cwd: folderWith(t), columns: 80, piped: 'echo "For how many weeks?"' });
    assert.equal(await terminal.ended, 0, terminal.drawn());
    assert.match(terminal.drawn(), /› For how many weeks\?[\s\S]*a\.md:1/u);
    assertNoTrace(terminal.drawn());
  });
});

describe('questions on standard input', () => {
  test('stand above their answers; one on the command line does not', async (t) => {
    const cwd = folderWith(t);
    const many = await runSlm(asked, { cwd, input: 'For how many weeks?\n\nHow many\u009b books?\n' });
    assert.match(many.stdout, /^› For how many weeks\?\n.* %\n.*\n {2}a\.md:1\n\n› How many␡ books\?\n.* %\n/u);
    const one = await runSlm(['ask', '-m', gemma, '--threshold', '0', 'How many books?', 'a.md'], { cwd });
    assert.match(one.stdout, /^\S+ {2}\d+ %\n {2}Members may borrow .*\n {2}a\.md:1\n$/u);
  });

  test('are said to be missing where there are none, which is no error', async (t) => {
    const cwd = folderWith(t);
    for (const [args, input] of [
      [asked, ''],
      [asked, ' \n\n'],
      [[...asked, '--json'], ''],
    ] as const) {
      const { code, stdout, stderr } = await runSlm(args, { cwd, input });
      assert.deepEqual([code, stdout], [0, '']);
      assert.match(stderr, /^slm: no questions on standard input$/mu);
    }
  });
});

test('answers as JSON say what acts on a terminal by escapes, and mean the same', async (t) => {
  const cwd = folderWith(t);
  const sentence = 'The code word is al\u009b31mpha \u202e x.';
  writeFileSync(path.join(cwd, 'a.md'), `${sentence}\n`);
  const options = ['-m', gemma, '--threshold', '0', '--json'];
  const question = 'What is the \u202e code word?';
  for (const args of [
    ['ask', ...options, question, 'a.md'],
    ['run', 'qa', ...options, '-t', question, '--context', 'a.md'],
  ]) {
    const { stdout } = await runSlm(args, { cwd });
    assert.doesNotMatch(stdout, /[\u007f-\u009f\u202e]/u);
    assert.match(stdout, /^.*\n$/u);
    const { question: read, answers, ...own } = JSON.parse(stdout);
    assert.equal(read, question);
    assert.equal((answers?.[0] ?? own).sentence, sentence);
  }
});
