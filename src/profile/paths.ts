import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { suggestion, usageError } from '../errors.js';
import { readSettingsText } from '../settings-file.js';

/** A folder that tasks are looked for in, and what to call it. */
export interface TaskFolder {
  readonly directory: string;
  readonly title: string;
}

/** Where tasks are looked for. */
export interface TaskFolders {
  /** For a name; the earlier ones win. */
  readonly folders: readonly TaskFolder[];
  /** Base of relative paths. */
  readonly cwd: string;
}

export interface TaskPlace {
  readonly name: string;
  readonly path: string;
  readonly title: string;
}

/** Every task in the folders; where two have a name, the one in the earlier folder wins. */
export function listTasks(folders: readonly TaskFolder[]): TaskPlace[] {
  const found = new Map<string, TaskPlace>();
  for (const { directory, title } of folders) {
    for (const name of subfolders(directory)) {
      const file = path.join(directory, name, 'task.yaml');
      if (existsSync(file) && !found.has(name)) found.set(name, { name, path: file, title });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The task.yaml for a name, or for a path to one or to its folder.
 * @throws SlmError that suggests a name
 */
export function findTask(spec: string, folders: readonly TaskFolder[], cwd: string): string {
  if (/[/\\]|\.ya?ml$/u.test(spec) || spec === '.') return taskAt(path.resolve(cwd, spec), spec);
  const tasks = listTasks(folders);
  const found =
    tasks.find((task) => task.name === spec) ??
    // A folder that was renamed, or copied: the task goes by the name that it gives itself, too.
    tasks.find((task) => nameIn(task.path) === spec);
  if (found !== undefined) return found.path;
  const here = path.resolve(cwd, spec, 'task.yaml');
  if (existsSync(here)) return here;
  throw usageError(
    `no task "${spec}".${suggestion(
      spec,
      tasks.map((task) => task.name),
    )}`,
    '`slm tasks list` lists them; `slm tasks init NAME` makes a new one.',
  );
}

/** The name that a task gives itself, as far as that can be told without parsing it. */
function nameIn(file: string): string | null {
  try {
    const text = readSettingsText(file, file);
    return /^name:\s*["']?([^"'\s#]+)/mu.exec(text)?.[1] ?? null;
  } catch {
    return null; // Said by whoever opens that task.
  }
}

function taskAt(absolute: string, spec: string): string {
  const file =
    statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true ? path.join(absolute, 'task.yaml') : absolute;
  if (!existsSync(file))
    throw usageError(`no task at "${spec}": ${file} does not exist`, '`slm tasks init NAME` makes a new one.');
  return file;
}

function subfolders(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name);
  } catch {
    return []; // No such folder: nobody has to have one.
  }
}

/** A path as messages show it: relative to the working folder (itself `.`), absolute where it lies outside of that. */
export function shownPath(file: string, cwd: string): string {
  return liesIn(file, cwd) ? path.relative(cwd, file) || '.' : file;
}

/** Whether a path is a folder or lies below it. */
export function liesIn(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  // Not by the first two characters: `..notes` is a name like any other. On Windows, another drive is absolute.
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}
