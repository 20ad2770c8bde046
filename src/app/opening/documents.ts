import path from 'node:path';
import { findDocuments, type Skipped } from '../../documents/find.js';
import { skippedLines } from '../../documents/notices.js';
import { type DocumentsRead, type NamedDocument, readDocuments, skippedFile } from '../../documents/read.js';
import { patternHint, usageError } from '../../errors.js';
import type { Document } from '../../methods/types.js';
import { shownPath } from '../../profile/paths.js';
import { taskTypes } from '../../task-types/index.js';
import type { TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';
import { tellingWarnings } from './document-warnings.js';
import { type DocumentSet, isKept, openDocumentsOnce, openKeptDocuments } from './kept-documents.js';
import { readPiped } from './piped-document.js';

/**
 * The documents that questions are answered from: those of the command line, else the profile's own. A notice lists the
 * skipped files of a folder once.
 * @throws SlmError where there is nothing to read
 */
export async function documentsFor(
  surroundings: Surroundings,
  profile: TaskProfile,
  named: readonly string[],
): Promise<readonly Document[]> {
  if (named.length === 0) {
    return readAll(surroundings, {
      roots: profile.documents.length === 0 ? [] : [path.resolve(profile.path)],
      files: ownFiles(profile),
      skipped: [],
    });
  }
  if (!taskTypes[profile.type].readsDocuments) {
    throw usageError(`--context is for tasks that answer questions; "${profile.name}" is of type ${profile.type}.`);
  }
  return readAll(surroundings, documentsNamed(surroundings, named));
}

/** Files to answer from. */
interface FoundSet extends DocumentSet {
  readonly skipped: readonly Skipped[];
}

/**
 * The documents of files and folders as somebody names them. A file that is in several of them is there once.
 * @throws SlmError where there are none
 */
export function documentsNamed(surroundings: Surroundings, named: readonly string[]): FoundSet {
  const found = named.map((name) => filesAt(surroundings, name));
  const files = new Map<string, NamedDocument>();
  for (const file of found.flatMap((each) => each.files)) {
    const known = files.get(file.path);
    files.set(file.path, known === undefined || file.named ? file : known);
  }
  const skipped = new Map(found.flatMap((each) => each.skipped).map((each) => [each.path, each]));
  return {
    roots: [...new Set(named.map((name) => path.resolve(surroundings.cwd, name)))].sort(),
    files: [...files.values()],
    skipped: [...skipped.values()].filter(({ path: file }) => !files.has(file)),
  };
}

function filesAt(surroundings: Surroundings, name: string): { files: NamedDocument[]; skipped: readonly Skipped[] } {
  if (name === '-') return { files: [{ path: '-', shown: '-', named: true }], skipped: [] };
  const { files, skipped } = findDocuments(name, surroundings.cwd);
  const [first] = skipped;
  if (files.length === 0 && first?.path === path.resolve(surroundings.cwd, name))
    throw usageError(`${name} cannot be read: ${first.reason}`);
  if (files.length === 0) {
    const why = skippedLines(skipped, (file) => shownPath(file, surroundings.cwd)).join('; ');
    throw usageError(
      `no document at "${name}"${why === '' ? '' : `: ${why}`}`,
      patternHint(name) ?? 'Name a text, Markdown, HTML, PDF, DOCX or EPUB file, or a folder with such files.',
    );
  }
  const [only] = files;
  const isFile = files.length === 1 && only === path.resolve(surroundings.cwd, name);
  const shown = (file: string) => (isFile ? name : path.relative(surroundings.cwd, file));
  return { files: files.map((file) => ({ path: file, shown: shown(file), named: isFile })), skipped };
}

/** Called by their names alone where these tell them apart. */
function ownFiles({ documents, path: task }: TaskProfile): NamedDocument[] {
  const names = documents.map((file) => path.basename(file));
  const isUnique = (name: string) => names.indexOf(name) === names.lastIndexOf(name);
  return documents.map((file, i) => {
    const name = names[i] as string;
    return { path: file, shown: isUnique(name) ? name : path.relative(path.dirname(task), file), named: false };
  });
}

async function readAll(surroundings: Surroundings, found: FoundSet): Promise<readonly Document[]> {
  const { files, stdin, isFile } = await readPiped(surroundings, found.files);
  const set = { ...found, files };
  const { documents, skipped } =
    (await readIndexed(surroundings, set, isFile)) ?? (await readIntoMemory(surroundings, files, stdin));
  const lines = skippedLines([...set.skipped, ...skipped], (file) => shownPath(file, surroundings.cwd));
  if (set.files.length > 0 && documents.length === 0) throw usageError(`no document can be read: ${lines.join('; ')}`);
  for (const line of lines) surroundings.notice(line);
  return documents;
}

function readIntoMemory(
  surroundings: Surroundings,
  files: readonly NamedDocument[],
  stdin: AsyncIterable<Uint8Array>,
): Promise<DocumentsRead> {
  return tellingWarnings(
    surroundings,
    (file) => file,
    (onWarning) => readDocuments(files, stdin, onWarning),
  );
}

/** Null where they are to be read into memory. */
async function readIndexed(
  surroundings: Surroundings,
  set: DocumentSet,
  onlyOnce: boolean,
): Promise<DocumentsRead | null> {
  if (!onlyOnce && !isKept(surroundings, set)) return null;
  const kept = await (onlyOnce ? openDocumentsOnce : openKeptDocuments)(surroundings, set);
  return kept && { documents: kept.documents, skipped: kept.unreadable.map(skippedFile) };
}
