import type { Skipped } from '../find.js';
import { openDatabase } from './database.js';
import { checkLayout, originOf } from './schema.js';
import { differences } from './update.js';

/** The contents of a store. */
export interface Contents {
  readonly roots: readonly string[];
  /** Version of slm that made it. */
  readonly version: string;
  readonly documents: number;
  readonly passages: number;
  /** Size of the files when they were read. */
  readonly bytes: number;
  readonly unreadable: readonly Skipped[];
}

/**
 * Looks into a store.
 * @throws ForeignStore, and errors of the database
 */
export function contentsOf(file: string): Contents {
  const database = openDatabase(file);
  try {
    checkLayout(database);
    const { roots, version } = originOf(database);
    const [[documents, passages, bytes]] = database.rows<[number, number, number]>(
      'SELECT count(*), total(passages), total(bytes) FROM documents WHERE reason IS NULL',
    ) as [[number, number, number]];
    const unreadable = database
      .rows<[string, string]>('SELECT path, reason FROM documents WHERE reason IS NOT NULL ORDER BY path')
      .map(([path, reason]) => ({ path, reason }));
    return { roots, version, documents, passages, bytes, unreadable };
  } finally {
    database.close();
  }
}

/** How many of these files a store does not have as they are now, and how many it has that are gone. */
export function behind(file: string, files: readonly string[]): number {
  const database = openDatabase(file);
  try {
    const { touched, gone } = differences(database, files);
    return touched + gone.length;
  } finally {
    database.close();
  }
}
