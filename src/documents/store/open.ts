import type { Document } from '../../types.js';
import type { NamedDocument } from '../read.js';
import type { Database } from './database.js';
import { belongTo, keptDocuments } from './kept-documents.js';
import { indexInStore } from './store-index.js';

export interface DocumentsKept {
  readonly documents: readonly Document[];
  readonly unreadable: readonly { readonly file: NamedDocument; readonly reason: string }[];
}

/**
 * The documents of a store as it is now: what other processes write to it later is not seen. The database is theirs
 * from here on, and is closed with them.
 */
export function documentsIn(database: Database, files: readonly NamedDocument[]): DocumentsKept {
  database.run('PRAGMA query_only = 1');
  database.run('BEGIN');
  const { byNumber, unreadable } = keptDocuments(database, files);
  const documents = [...byNumber.values()].map(({ document }) => document);
  belongTo({ documents, index: indexInStore(database, byNumber) });
  return { documents, unreadable };
}
