import { once } from '../../lazy.js';
import type { Document } from '../../types.js';
import type { PassageIndex } from '../passages.js';
import type { NamedDocument } from '../read.js';
import type { Database } from './database.js';

/** A document of a store. */
export interface KeptDocument {
  /** Its place among the documents of this run. */
  readonly order: number;
  /** Numbers of its passages: the first one, and the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Its text is read each time that it is asked for. */
  readonly document: Document;
  /** The same, whose text stays with it once it is read. */
  open(): Document;
}

export interface KeptDocuments {
  readonly byNumber: ReadonlyMap<number, KeptDocument>;
  readonly unreadable: readonly { readonly file: NamedDocument; readonly reason: string }[];
}

type Row = [number, string, string | null, string, string | null, number, number];

/** The documents of a store under the names of this run. */
export function keptDocuments(database: Database, files: readonly NamedDocument[]): KeptDocuments {
  const rows = new Map(
    database
      .rows<Row>('SELECT id, path, reason, text_digest, pages, first, passages FROM documents')
      .map((row) => [row[1], row] as const),
  );
  const byNumber = new Map<number, KeptDocument>();
  const unreadable: { file: NamedDocument; reason: string }[] = [];
  for (const file of files) {
    const row = rows.get(file.path);
    if (row === undefined) continue;
    const [id, , reason, digest, pages, first, passages] = row;
    if (reason !== null) {
      unreadable.push({ file, reason });
      continue;
    }
    const order = byNumber.size;
    const named = { id: `${order}/${file.shown}`, source: file.shown, digest };
    const read = () => textOf(database, id);
    const paged = pages === null ? named : { ...named, pages: JSON.parse(pages) as number[] };
    byNumber.set(id, {
      order,
      first,
      end: first + passages,
      document: withText({ ...paged }, read),
      open: () => withText({ ...paged }, once(read)),
    });
  }
  return { byNumber, unreadable };
}

const stores = Symbol('store');

/** The store that a document belongs to. */
export interface Store {
  /** All documents in it, in their order. */
  readonly documents: readonly Document[];
  readonly index: PassageIndex;
}

/** The store that these documents are all of; null where they are not. */
export function storeOf(documents: readonly Document[]): Store | null {
  const store = (documents[0] as { [stores]?: Store } | undefined)?.[stores];
  const isWhole = store?.documents.length === documents.length;
  return isWhole && documents.every((document, i) => document === store.documents[i]) ? store : null;
}

/** Marks documents as those of a store. */
export function belongTo(store: Store): void {
  for (const document of store.documents) Object.defineProperty(document, stores, { value: store });
}

/** The text is no part of what is copied or serialised: it may be long. */
function withText(named: Omit<Document, 'text'>, read: () => string): Document {
  return Object.defineProperty(named, 'text', { get: read }) as Document;
}

/** Put together again from the sentences and what stands between them. */
function textOf(database: Database, id: number): string {
  const [[before, first, passages]] = database.rows<[Buffer, number, number]>(
    'SELECT before, first, passages FROM documents WHERE id = ?',
    [id],
  ) as [[Buffer, number, number]];
  const parts = database.rows<[Buffer, Buffer | null]>(
    'SELECT text, after FROM passages WHERE id >= ? AND id < ? ORDER BY id',
    [first, first + passages],
  );
  return Buffer.concat([before, ...parts.flat().filter((part) => part !== null)]).toString();
}
