import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { taskTypes } from '../src/task-types/index.js';

/**
 * The rooms of src: a file imports from its own room and from earlier layers only. What stands in one line does not
 * know of each other.
 */
const layers: readonly (readonly string[])[] = [
  ['template.ts', 'abort-listeners.ts'],
  [
    'types.ts',
    'chat-template.ts',
    'errors.ts',
    'random.ts',
    'ordered.ts',
    'stage-turns.ts',
    'lazy.ts',
    'folders.ts',
    'given.ts',
    'replace-file.ts',
    'terminal-text.ts',
    'quantities.ts',
    'scripts.ts',
  ],
  ['json.ts', 'refusal.ts'],
  ['cascade-reference.ts', 'spans.ts', 'folding.ts', 'yaml.ts', 'settings-file.ts'],
  ['segment.ts', 'record.ts', 'image.ts'],
  ['metrics', 'linear', 'grammar', 'prompt.ts', 'records', 'gguf'],
  ['task-types'],
  ['examples.ts', 'heads', 'formats', 'documents'],
  ['methods'],
  ['baselines'],
  ['profile', 'cache.ts'],
  ['predict.ts'],
  ['jobs', 'order-probe.ts'],
  ['evaluate', 'tune'],
  ['compare'],
  ['cascade'],
  ['engines', 'models'],
  ['host'],
  ['app'],
  ['library', 'server', 'mcp'],
  ['cli'],
  ['index.ts'],
];

/** Packages that one folder wraps for all others. */
const wrapped: Readonly<Record<string, string>> = {
  'node-llama-cpp': 'engines/llama',
  commander: 'cli',
  ink: 'cli',
  chalk: 'cli',
  react: 'cli',
  hono: 'server',
  '@hono/zod-openapi': 'server',
  '@hono/node-server': 'server',
  'prom-client': 'server',
  '@modelcontextprotocol/server': 'mcp',
};

/** Rooms that meet the world: the terminal's door and the library's. */
const doors = ['cli', 'library'];

/** What the commands of the terminal's door share; every other folder of `cli` is a command or a group of them. */
const sharedByCommands = ['output', 'page', 'terminal'];

/** What only doors may touch: it is passed in everywhere else. */
const outsideWorld =
  /^(process\.(env|stdin|stdout|stderr|argv|exit|exitCode|cwd|hrtime|memoryUsage|resourceUsage)|Date\.now|performance\.now|Math\.random|console\.\w+)$/;

/** `file: expression`, with the reason why it may. */
const exceptions: Readonly<Record<string, string>> = {
  'documents/store/update-worker.ts: process.exit': 'a process of its own, which ends with the one that has started it',
};

const root = path.resolve(import.meta.dirname, '../src');

interface SourceFile {
  /** Relative to src, with slashes. */
  readonly name: string;
  readonly room: string;
  /** Packages by name, our own files relative to src. */
  readonly imports: readonly string[];
  readonly outside: readonly string[];
  readonly anyTypes: number;
  /** Places that tell task types apart by their names. */
  readonly typeNames: readonly string[];
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/u.test(name))
  .map((name) => scan(name.replaceAll(path.sep, '/')));

function scan(name: string): SourceFile {
  const tree = ts.createSourceFile(name, readFileSync(path.join(root, name), 'utf8'), ts.ScriptTarget.ES2023, true);
  const imports: string[] = [];
  const outside: string[] = [];
  let anyTypes = 0;
  const typeNames: string[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== null) imports.push(target(name, specifier));
    if (ts.isPropertyAccessExpression(node) && outsideWorld.test(node.getText(tree))) outside.push(node.getText(tree));
    if (ts.isNewExpression(node) && node.expression.getText(tree) === 'Date' && node.arguments?.length === 0)
      outside.push('new Date()');
    if (node.kind === ts.SyntaxKind.AnyKeyword) anyTypes++;
    if (namesTaskType(node)) {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      typeNames.push(`${name}:${line + 1}: ${node.getText(tree).split('\n')[0]}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { name, room: roomOf(name), imports, outside, anyTypes, typeNames };
}

/** Whether a node is the name of a task type, or a table by such names, that is more than a plug's own declaration. */
function namesTaskType(node: ts.Node): boolean {
  if (ts.isObjectLiteralExpression(node)) {
    const keys = node.properties.map(({ name }) => (name !== undefined && ts.isIdentifier(name) ? name.text : ''));
    return keys.filter((key) => Object.hasOwn(taskTypes, key)).length > 1;
  }
  if (!ts.isStringLiteralLike(node) || !Object.hasOwn(taskTypes, node.text)) return false;
  const declares = ts.isArrayLiteralExpression(node.parent) && ts.isPropertyAssignment(node.parent.parent);
  return !(declares && node.parent.parent.name.getText() === 'taskTypes');
}

/** What a node imports: statically, dynamically or as a type. */
function specifierOf(node: ts.Node): string | null {
  const literal =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
        ? node.arguments[0]
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : undefined;
  return literal !== undefined && ts.isStringLiteralLike(literal) ? literal.text : null;
}

function target(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(from), specifier);
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function roomOf(name: string): string {
  const [first, ...rest] = name.split('/');
  return rest.length > 0 ? (first as string) : name.replace(/\.js$/u, '.ts');
}

function isOwn(imported: string, file: SourceFile): boolean {
  return imported.includes('.js') && roomOf(imported) !== file.room;
}

function layerOf(room: string): number {
  return layers.findIndex((layer) => layer.includes(room));
}

/** Groups of files that import each other, however far around. */
function cycles(): string[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const importsOf = (name: string) =>
    (byName.get(name)?.imports ?? [])
      .map((imported) => imported.replace(/\.js$/u, '.ts'))
      .map((imported) => (byName.has(imported) ? imported : `${imported}x`))
      .filter((imported) => byName.has(imported));
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    const at = way.indexOf(name);
    if (at !== -1) found.push([...way.slice(at), name].join(' → '));
    if (at !== -1 || finished.has(name)) return;
    for (const imported of importsOf(name)) visit(imported, [...way, name]);
    finished.add(name);
  };
  for (const { name } of files) visit(name, []);
  return found;
}

describe('src', () => {
  it('has exactly the rooms of the table', () => {
    const rooms = new Set(files.map((file) => file.room));
    assert.deepEqual([...rooms].sort(), layers.flat().sort());
  });

  it('imports only leftward', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter((imported) => isOwn(imported, file) && layerOf(roomOf(imported)) >= layerOf(file.room))
        .map((imported) => `${file.name} imports ${imported}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('knows an engine by the table alone', () => {
    const wrong = files
      .filter(({ name }) => !name.startsWith('engines/'))
      .flatMap((file) =>
        file.imports
          .filter((imported) => /^engines\/[^/]+\//u.test(imported))
          .map((imported) => `${file.name} imports ${imported}`),
      );
    assert.deepEqual(wrong, []);
  });

  it('keeps the commands of the terminal apart', () => {
    const commandOf = (name: string) => /^cli\/([^/]+)\//u.exec(name)?.[1] ?? null;
    const wrong = files.flatMap((file) =>
      file.imports
        .filter((imported) => {
          const command = commandOf(imported);
          return command !== null && command !== commandOf(file.name) && !sharedByCommands.includes(command);
        })
        .map((imported) => `${file.name} imports ${imported}`),
    );
    // The table of commands loads each one.
    assert.deepEqual(
      wrong.filter((line) => !line.startsWith('cli/commands.ts ')),
      [],
    );
  });

  it('has no cycle of imports, those of types included', () => {
    assert.deepEqual(cycles(), []);
  });

  it('wraps its heavy packages in one room each', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter((imported) => imported in wrapped && !file.name.startsWith(`${wrapped[imported]}/`))
        .map((imported) => `${file.name} imports ${imported}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('reads no clock, environment or chance and prints nothing outside of the doors', () => {
    const wrong = files
      .filter((file) => !doors.includes(file.room))
      .flatMap((file) => file.outside.map((expression) => `${file.name}: ${expression}`));
    assert.deepEqual(
      wrong.filter((place) => exceptions[place] === undefined),
      [],
    );
    assert.deepEqual(
      Object.keys(exceptions).filter((place) => !wrong.includes(place)),
      [],
    );
  });

  it('tells task types apart in their own folders alone', () => {
    const mayAsk = ['task-types', 'methods', 'types.ts'];
    const asks = files.filter(({ room }) => !mayAsk.includes(room));
    assert.deepEqual(
      asks.flatMap(({ typeNames }) => typeNames),
      [],
    );
  });

  it('has no folder for leftovers', () => {
    const folders = new Set(files.flatMap((file) => file.name.split('/').slice(0, -1)));
    assert.deepEqual(
      ['utils', 'util', 'common', 'helpers', 'shared', 'lib', 'misc'].filter((name) => folders.has(name)),
      [],
    );
  });

  it('has no any', () => {
    assert.deepEqual(
      files.filter((file) => file.anyTypes > 0).map((file) => file.name),
      [],
    );
  });
});
