import path from 'node:path';
import { findDocuments } from '../documents/find.js';
import { usageError } from '../errors.js';
import { checkGrammar } from '../grammar/gbnf.js';
import { readSettingsText } from '../settings-file.js';
import { shownPath } from './paths.js';
import type { RawProfile } from './schema.js';
import { inlineSchema, readSchemaFile, schemaPlace, type TaskSchema } from './schema-file.js';
import { checkThere, type TaskFile } from './task-file.js';

/** The schema of a task, written in it or in a file; null where there is none. */
export function schemaOf(raw: RawProfile, source: TaskFile): TaskSchema | null {
  if (raw.schema === undefined) return null;
  if (raw.grammar !== undefined)
    throw usageError(`${source.at(['grammar'])}: give either "schema" or "grammar", not both.`);
  if (typeof raw.schema !== 'string') return inlineSchema(raw.schema, path.dirname(source.file), source.cwd);
  checkThere(schemaPlace(raw.schema).file, 'schema', source);
  return readSchemaFile(raw.schema, source.cwd);
}

/** The grammar of a task, checked; null where there is none. */
export function grammarOf(raw: RawProfile, source: TaskFile): string | null {
  if (raw.grammar === undefined) return null;
  const shown = shownPath(raw.grammar, source.cwd);
  checkThere(raw.grammar, 'grammar', source);
  const text = readSettingsText(raw.grammar, shown);
  const problem = checkGrammar(text);
  if (problem !== null) throw usageError(`${shown}:${problem}`, 'docs/tasks.md shows a grammar.');
  return text;
}

/** Absolute paths of the documents of a task, and of the entries that name them. */
export function documentsOf(raw: RawProfile, source: TaskFile): { documents: string[]; documentEntries: string[] } {
  const entries = typeof raw.documents === 'string' ? [raw.documents] : raw.documents;
  const folder = path.dirname(source.file);
  const documents = entries.flatMap((entry, index) => {
    const { files } = findDocuments(entry, folder);
    if (files.length === 0)
      throw usageError(
        `${source.at(['documents', index])}: no document at "${shownPath(entry, source.cwd)}".`,
        'Name a file, a folder, or folder/*.md.',
      );
    return files;
  });
  return { documents, documentEntries: entries.map((entry) => path.resolve(folder, entry)) };
}
