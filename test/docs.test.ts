import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { methods } from '../src/methods/index.js';
import { profileJsonSchema } from '../src/profile/index.js';
import { binary, root, slmEnv } from './helpers/slm.js';

const reference = path.join(root, 'docs', 'cli.md');
/** A help text in docs/cli.md: the command, then what the built program prints. */
const helpBlock = /```text\n\$ slm( [a-z ]+)? --help\n([\s\S]*?)```/gu;

function helpOf(command: string): string {
  const words = command.split(' ').filter((word) => word !== '');
  // Commander asks the terminal for its width; there is none here, so that it is 80.
  return execFileSync(process.execPath, [binary, ...words, '--help'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function jsonOf(...words: string[]): unknown {
  return JSON.parse(
    execFileSync(process.execPath, [binary, ...words, '--json'], { cwd: root, encoding: 'utf8', env: slmEnv() }),
  );
}

describe('docs', () => {
  test('docs/cli.md shows the help that the program prints (UPDATE_DOCS=1 writes it anew)', () => {
    const written = readFileSync(reference, 'utf8');
    const commands = [...written.matchAll(helpBlock)].map((match) => match[1] ?? '');
    const commandsOf = (group: string) =>
      [...helpOf(group).matchAll(/^ {2}([a-z]+) /gmu)]
        .map(([, name]) => `${group} ${name}`)
        .filter((name) => !/ help$/u.test(name));
    const all = ['', ' index', ' tasks', ' models'].flatMap(commandsOf);
    assert.ok(all.includes(' run') && all.includes(' models advise'));
    assert.deepEqual(
      all.filter((name) => !commands.includes(name)),
      [],
      'commands without their help',
    );
    const current = written.replace(
      helpBlock,
      (_block, command: string | undefined) =>
        `\`\`\`text\n$ slm${command ?? ''} --help\n${helpOf(command ?? '')}\`\`\``,
    );
    if (process.env.UPDATE_DOCS === '1') writeFileSync(reference, current);
    else assert.equal(written, current);
  });

  test('docs/methods.md has the options that each method states (UPDATE_DOCS=1 writes them anew)', () => {
    const file = path.join(root, 'docs', 'methods.md');
    const written = readFileSync(file, 'utf8');
    const found: string[] = [];
    const all = Object.values(methods);
    const current = written
      .split(/^(?=## )/mu)
      .map((section) => {
        const method = all.find(({ name }) => section.startsWith(`## ${name}\n`));
        if (method === undefined || optionTable(method) === '') return section;
        found.push(method.name);
        return section.replace(/^\| option .*\n(?:\|.*\n)+/mu, optionTable(method));
      })
      .join('');
    assert.deepEqual(
      found.sort(),
      all
        .filter((method) => optionTable(method) !== '')
        .map(({ name }) => name)
        .sort(),
    );
    if (process.env.UPDATE_DOCS === '1') writeFileSync(file, current);
    else assert.equal(written, current);
  });

  test('docs/tasks.md names every key of a task.yaml, and no other', () => {
    const sections = readFileSync(path.join(root, 'docs', 'tasks.md'), 'utf8').split(/^(?=## )/mu);
    const keys = sections.find((section) => section.startsWith('## Every key\n')) ?? '';
    const named = [...keys.matchAll(/^\| `([^`]+)`/gmu)].map((match) => match[1]);
    assert.deepEqual(named.sort(), Object.keys((profileJsonSchema() as { properties: object }).properties).sort());
  });

  test('docs/cli.md names the fields of the JSON that commands list', () => {
    const section = /^## JSON of other commands\n([\s\S]*?)^## /mu.exec(readFileSync(reference, 'utf8'))?.[1] ?? '';
    const fieldsOf = (command: string) => {
      const row = section.split('\n').find((line) => line.includes(`\`slm ${command}\``)) ?? '';
      return [
        ...row
          .split('|')
          .slice(2)
          .join('|')
          .matchAll(/`((?:\w+ ?)+)`/gu),
      ].map(([, names = '']) => names.split(' '));
    };
    const keysOf = (value: unknown) => Object.keys(value as object).sort();
    const [task] = jsonOf('tasks', 'list') as unknown[];
    assert.deepEqual(keysOf(task), fieldsOf('tasks list')[0]?.toSorted());
    const [model] = jsonOf('models', 'list') as unknown[];
    assert.deepEqual(keysOf(model), fieldsOf('models list')[0]?.toSorted());
    const advice = jsonOf('models', 'advise') as { models: unknown[] };
    assert.deepEqual(keysOf(advice), fieldsOf('models advise')[0]?.toSorted());
    assert.deepEqual(keysOf(advice.models[0]), fieldsOf('models advise')[1]?.toSorted());
  });

  test('docs/task.schema.json is what `slm tasks schema` prints', () => {
    const written: unknown = JSON.parse(readFileSync(path.join(root, 'docs', 'task.schema.json'), 'utf8'));
    assert.deepEqual(written, JSON.parse(JSON.stringify(profileJsonSchema())));
  });

  test('every relative link of the documentation leads to a file, and to a heading of it', () => {
    const missing: string[] = [];
    for (const file of markdownFiles()) {
      for (const match of withoutCode(file).matchAll(/\]\(([^)\s]+)\)/gu)) {
        const link = match[1] as string;
        if (/^[a-z]+:/u.test(link)) continue;
        const [place = '', heading] = link.split('#');
        const target = place === '' ? file : path.join(path.dirname(file), place);
        const found = existsSync(path.join(root, target));
        if (!found || (heading !== undefined && !anchorsOf(target).includes(heading))) missing.push(`${file}: ${link}`);
      }
    }
    assert.deepEqual(missing, []);
  });
});

/** The options of a method with their defaults and what they are for, in columns of equal width. */
function optionTable({ options }: { readonly options: z.ZodType }): string {
  const { properties = {} } = z.toJSONSchema(options, { io: 'input' });
  const rows = Object.entries(properties as Record<string, { default?: unknown; description?: string }>).map(
    ([name, { default: value, description }]) => {
      assert.ok(description !== undefined, `the option ${name} says what it is for`);
      const shown = value === undefined ? 'none' : typeof value === 'string' ? `\`${value}\`` : JSON.stringify(value);
      return [`\`${name}\``, shown, description];
    },
  );
  if (rows.length === 0) return '';
  const lines = [['option', 'default', 'meaning'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const text = lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |\n`);
  return [text[0], `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`, ...text.slice(1)].join('');
}

function withoutCode(file: string): string {
  return readFileSync(path.join(root, file), 'utf8').replace(/```[\s\S]*?```/gu, '');
}

/** The anchors of the headings of a file, as GitHub makes them: lower case, hyphens for blanks, no punctuation. */
function anchorsOf(file: string): string[] {
  return [...withoutCode(file).matchAll(/^#+ (.*)$/gmu)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function markdownFiles(): string[] {
  const inFolder = (folder: string) =>
    readdirSync(path.join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map((entry) => path.join(folder, entry.name));
  const tasks = readdirSync(path.join(root, 'tasks'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return ['.', 'bench', 'docs', 'examples', ...tasks.map((entry) => path.join('tasks', entry.name))].flatMap(inFolder);
}
