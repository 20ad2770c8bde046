import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { emptyLine, harmless, harmlessValues, jsonText, sayTo } from '../src/terminal-text.js';
import { runSlm, tempFolder } from './helpers/slm.js';

const red = '\u001b[31m';

describe('text for a terminal', () => {
  it('shows control characters instead of sending them', () => {
    assert.equal(harmless(`a${red}b\u0007\u009bc\rd\u007f\te\r\nf\u202eg`), 'a␛[31mb␇␡c␍d␡\te\nfg');
  });

  it('is made so in all values and keys', () => {
    const value = { [red]: [red, { n: 1, none: null, gone: undefined }] };
    assert.deepEqual(harmlessValues(value), { '␛[31m': ['␛[31m', { n: 1, none: null, gone: undefined }] });
  });

  it('empties the line at its beginning only', () => {
    const written: string[] = [];
    sayTo((text) => written.push(text))(`${emptyLine}50 %${emptyLine}`);
    assert.deepEqual(written, [`${emptyLine}50 %␍␛[2K`]);
  });

  it('is the same value as JSON', () => {
    const value = { [red]: '\u009b31m\u202e\u007f' };
    assert.deepEqual(JSON.parse(jsonText(value)), value);
    assert.doesNotMatch(jsonText(value), /[\u007f-\u009f\u202e]/u);
  });
});

test('nothing of a task, a file name or an argument acts on the terminal', async (t) => {
  const cwd = tempFolder(t);
  const write = (name: string, yaml: string) => {
    mkdirSync(path.join(cwd, 'tasks', name), { recursive: true });
    writeFileSync(path.join(cwd, 'tasks', name, 'task.yaml'), yaml);
  };
  write('sly', 'name: sly\ntype: classify\ndescription: "\\e[2Jgone \\x9b31m"\nlabels: ["\\e[31mred", "green\\x07"]\n');
  write('odd', 'name: odd\ntype: classify\nlabels: [a, b]\n"\\e]0;title\\x07": 1\n');
  for (const args of [
    ['tasks', 'list'],
    ['tasks', 'list', '--json'],
    ['tasks', 'show', 'sly'],
    ['tasks', 'validate'],
    ['run', 'sly', '--dry-run', '-t', `${red}text`],
    ['run', 'sly', `${red}.txt`, '-m', './none.gguf'],
    ['run', `${red}task`, '-t', 'x'],
    ['run', 'sly', `--${red}`],
    ['models', 'show', `./${red}.gguf`],
  ]) {
    const { stdout, stderr } = await runSlm(args, { cwd });
    assert.ok(stdout.length + stderr.length > 20, args.join(' '));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    assert.doesNotMatch(stdout + stderr, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u, args.join(' '));
  }
});
