import { existsSync } from 'node:fs';
import path from 'node:path';
import { usageError } from '../errors.js';
import { readSettingsText, regularFile } from '../settings-file.js';
import { type Locate, parseYaml } from '../yaml.js';
import { findTask, shownPath, type TaskFolders } from './paths.js';
import { placed } from './placed.js';
import { profileSchema, type RawProfile } from './schema.js';
import { withoutUnread } from './type-settings.js';

/** A task.yaml with what it includes merged in. Its paths are absolute. */
export interface TaskFile {
  readonly raw: RawProfile;
  /** The place of a key, in the file that says it. */
  readonly at: Locate;
  readonly file: string;
  /** That file and the included ones. */
  readonly files: readonly string[];
  readonly cwd: string;
}

/** A task that includes another may leave out what it inherits. */
const includingSchema = profileSchema.partial({ type: true, name: true });

/**
 * Reads a task.yaml and what it includes.
 * @param seen the files that include it, the outermost first
 * @throws SlmError where one cannot be read, says something that no task says, or includes itself
 */
export function readTaskFile(file: string, context: TaskFolders, seen: readonly string[] = []): TaskFile {
  const shown = shownPath(file, context.cwd);
  const text = readSettingsText(file, shown);
  const including = /^["']?include["']?\s*:/mu.test(text);
  const { value, written, at } = parseYaml(
    text,
    shown,
    including ? includingSchema : profileSchema,
    'docs/tasks.md describes every key.',
    isText,
  );
  const folder = path.dirname(file);
  refuseLostLabel(written, at);
  const raw = withAbsolutePaths(value as RawProfile, folder);
  const common = { file, cwd: context.cwd };
  if (raw.include === undefined) return { raw, at, files: [file], ...common };
  const target = /[/\\]|\.ya?ml$/u.test(raw.include) ? path.resolve(folder, raw.include) : raw.include;
  const parent = readIncluded(target, at(['include']), folder, context, [...seen, file]);
  const own = written as Record<string, unknown>;
  // A problem with something inherited is in the file that says it.
  const place: Locate = (steps) => (String(steps[0]) in own ? at(steps) : parent.at(steps));
  return { raw: inherit(parent.raw, raw, own), at: place, files: [file, ...parent.files], ...common };
}

function readIncluded(
  target: string,
  place: string,
  folder: string,
  context: TaskFolders,
  seen: readonly string[],
): TaskFile {
  const file = placed(place, () => findTask(target, context.folders, folder));
  if (!seen.includes(file)) return readTaskFile(file, context, seen);
  const chain = [...seen, file].map((step) => shownPath(step, context.cwd)).join(' → ');
  throw usageError(`${place}: the task includes itself: ${chain}`);
}

/** Keys that the child has win; `prompt`, `options` and `metrics` are joined key by key. */
function inherit(parent: RawProfile, child: RawProfile, own: Record<string, unknown>): RawProfile {
  const has = (key: string) => key in own;
  const kept = Object.fromEntries(Object.entries(child).filter(([key]) => has(key)));
  const prompt = (own.prompt ?? {}) as object;
  const namesMethod = has('method') || own.answer !== undefined;
  const otherMethod = namesMethod && (child.method !== parent.method || child.answer !== parent.answer);
  const inherited = has('type') && child.type !== parent.type ? withoutUnread(parent, child.type) : parent;
  return {
    ...withoutRivals(namesMethod ? withoutMethod(inherited) : inherited, own),
    ...kept,
    prompt: { ...parent.prompt, ...prompt },
    options: otherMethod ? child.options : { ...parent.options, ...child.options },
    metrics: { ...parent.metrics, ...child.metrics },
  };
}

/** Keys of which a task has one: that of the child puts the other one of the parent out of force. */
const rivals: readonly (readonly [keyof RawProfile, keyof RawProfile])[] = [
  ['model', 'cascade'],
  ['schema', 'grammar'],
];

function withoutRivals(parent: RawProfile, own: Record<string, unknown>): RawProfile {
  const dropped = rivals.flatMap(([one, other]) => [
    ...(one in own && !(other in own) ? [other] : []),
    ...(other in own && !(one in own) ? [one] : []),
  ]);
  return Object.fromEntries(
    Object.entries(parent).filter(([key]) => !(dropped as string[]).includes(key)),
  ) as RawProfile;
}

/** `method` and `answer` say the same in two ways: one that is named puts the other out of force. */
function withoutMethod({ method: _method, answer: _answer, ...rest }: RawProfile): RawProfile {
  return rest;
}

function withAbsolutePaths(raw: RawProfile, folder: string): RawProfile {
  const absolute = <T>(value: T) => (typeof value === 'string' ? (path.resolve(folder, value) as T) : value);
  const documents = typeof raw.documents === 'string' ? [raw.documents] : raw.documents;
  return {
    ...raw,
    examples: absolute(raw.examples),
    fixtures: absolute(raw.fixtures),
    documents: (documents ?? []).map(absolute),
    ...(typeof raw.schema === 'string' ? { schema: absoluteSchema(raw.schema, folder) } : {}),
    ...(raw.grammar === undefined ? {} : { grammar: absolute(raw.grammar) }),
  };
}

/** The file's path is made absolute; a pointer after it, such as `#/components/schemas/Order`, stays as it is. */
function absoluteSchema(written: string, folder: string): string {
  const hash = written.lastIndexOf('#');
  return hash === -1
    ? path.resolve(folder, written)
    : path.resolve(folder, written.slice(0, hash)) + written.slice(hash);
}

/** The check of a mapping drops the one key that JavaScript does not take for a key like others; a list can have it. */
function refuseLostLabel(written: unknown, at: Locate): void {
  const { labels } = written as { labels?: unknown };
  if (typeof labels !== 'object' || labels === null || !Object.hasOwn(labels, '__proto__')) return;
  throw usageError(
    `${at(['labels'])}: a label with a description cannot be called "__proto__"`,
    'Choose another name, or write the labels as a list.',
  );
}

/** Whether a place of a task.yaml holds the name or a word of a label, which is as it is written: `1.0`, `007`, `True`. */
function isText([key, inner, part]: readonly PropertyKey[]): boolean {
  if (key === 'threshold') return inner === 'below';
  return key === 'labels' && inner !== undefined && (part === undefined || part === 'word' || part === 'aliases');
}

/** @throws SlmError at the key, where a file that the task names is missing or is no regular file */
export function checkThere(file: string, key: string, source: TaskFile): void {
  if (existsSync(file)) {
    regularFile(file, shownPath(file, source.cwd));
    return;
  }
  throw usageError(
    `${source.at([key])}: no file "${shownPath(file, source.cwd)}"`,
    'Paths are relative to the task.yaml.',
  );
}
