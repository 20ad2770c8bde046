import { type Database, isDamage, openDatabase } from './database.js';

/** Counted up when what is stored changes: cutting, words, formats, tables. */
const layout = 4;
/** "slmd" in the file's header: the files of other programs are told by it. */
const application = 0x736c_6d64;

/** The file is a database, but not one of these. */
export class ForeignStore extends Error {
  override readonly name = 'ForeignStore';
}

/** Whether an error says that a store has to be made anew: it is damaged, of another version, or no store at all. */
export function isUnusable(error: unknown): boolean {
  return isDamage(error) || error instanceof ForeignStore;
}

/** Origin of a store: the documents that it was made for, and the version of slm. */
export interface StoreOrigin {
  /** Files and folders, absolute, as somebody named them. */
  readonly roots: readonly string[];
  /** Version of slm; another one may read documents in another way. */
  readonly version: string;
}

const tables = `
  CREATE TABLE origin (roots TEXT NOT NULL, version TEXT NOT NULL);
  -- A row a file, also where it cannot be read: then with the reason.
  CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, settled INTEGER NOT NULL, bytes INTEGER NOT NULL, digest TEXT NOT NULL,
    reason TEXT, text_digest TEXT NOT NULL, pages TEXT, before BLOB, first INTEGER NOT NULL, passages INTEGER NOT NULL,
    text_terms INTEGER NOT NULL, near_terms INTEGER NOT NULL, heading_terms INTEGER NOT NULL,
    language TEXT NOT NULL
  );
  CREATE TABLE headings (id INTEGER PRIMARY KEY, document INTEGER NOT NULL, text BLOB NOT NULL);
  CREATE INDEX headings_of ON headings (document);
  -- Sentences; those of a document have consecutive numbers. With what stands between it and the next one, all of the text.
  CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, heading INTEGER,
    start INTEGER NOT NULL, stop INTEGER NOT NULL, text BLOB NOT NULL, after BLOB
  );
  -- Words as terms.ts has them, with blanks between; nothing else separates them, and no letter is changed.
  CREATE VIRTUAL TABLE words USING fts5(text, heading, content='', contentless_delete=1, tokenize='ascii');
  CREATE VIRTUAL TABLE words_by_column USING fts5vocab(words, 'col');
  CREATE VIRTUAL TABLE words_by_row USING fts5vocab(words, 'row');
`;

/**
 * Opens a store, or makes one where there is none, which one process at a time may do.
 * @throws ForeignStore, and errors of the database
 */
export function openStore(file: string, origin: StoreOrigin, { make }: { readonly make: boolean }): Database {
  const database = openDatabase(file);
  try {
    const [[found]] = database.rows<[number]>('PRAGMA application_id') as [[number]];
    const [[objects]] = database.rows<[number]>('SELECT count(*) FROM sqlite_master') as [[number]];
    if (make && found === 0 && objects === 0) {
      database.rows('PRAGMA journal_mode = WAL');
      database.transaction(() => {
        for (const sql of tables.split(/;\n/u)) if (sql.trim() !== '') database.run(sql);
        database.run('INSERT INTO origin VALUES (?, ?)', [JSON.stringify(origin.roots), origin.version]);
        database.run(`PRAGMA user_version = ${layout}`);
        database.run(`PRAGMA application_id = ${application}`);
      });
    } else checkStore(database, origin);
    database.run('PRAGMA synchronous = NORMAL');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function checkStore(database: Database, { roots, version }: StoreOrigin): void {
  checkLayout(database);
  const own = originOf(database);
  if (own.version !== version) throw new ForeignStore(`version ${own.version} of slm made it`);
  if (JSON.stringify(own.roots) !== JSON.stringify(roots)) throw new ForeignStore('it belongs to other documents');
}

/** @throws ForeignStore where the file is none of ours, or one of another version */
export function checkLayout(database: Database): void {
  const [[found]] = database.rows<[number]>('PRAGMA application_id') as [[number]];
  if (found !== application) throw new ForeignStore('it is the database of another program');
  const [[made]] = database.rows<[number]>('PRAGMA user_version') as [[number]];
  if (made !== layout) throw new ForeignStore('another version of slm made it');
}

/** Reads the origin of a store. */
export function originOf(database: Database): StoreOrigin {
  const [[roots, version]] = database.rows<[string, string]>('SELECT roots, version FROM origin') as [[string, string]];
  return { roots: JSON.parse(roots) as string[], version };
}
