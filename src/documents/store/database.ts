import { accessSync, constants, existsSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { lazy } from '../../lazy.js';

const libsql = lazy<typeof import('libsql')>('libsql');

/** A value of a column. Texts of documents are bytes: SQLite's own strings end at the first NUL. */
export type Value = number | string | Buffer | null;

/** A database file. */
export interface Database {
  run(sql: string, values?: readonly Value[]): void;
  rows<Row extends readonly Value[]>(sql: string, values?: readonly Value[]): Row[];
  /** All or nothing of what `work` writes. */
  transaction<T>(work: () => T): T;
  /** Puts all that was written into the one file, as far as no process reads from an older state: waits for none. */
  gather(): void;
  close(): void;
}

/** Whether the package with the database is there; its native part is missing on rare platforms. */
export function hasDatabase(): boolean {
  try {
    libsql();
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens a database file, or makes it; waits for other processes that write to it. One that cannot be written to, such as
 * in the image of a container, is read as it is.
 */
export function openDatabase(file: string): Database {
  const Libsql = libsql();
  // SQLite would make files beside it even to read, unless it is told that nobody writes to it.
  const database = new Libsql(isFixed(file) ? `${pathToFileURL(file).href}?immutable=1` : file);
  const prepared = new Map<string, ReturnType<typeof database.prepare>>();
  const statement = (sql: string) => {
    const known = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const opened: Database = {
    run: (sql, values = []) => void statement(sql).run([...values]),
    rows: <Row>(sql: string, values: readonly Value[] = []) =>
      statement(sql)
        .raw()
        .all([...values]) as Row[],
    transaction: (work) => {
      opened.run('BEGIN IMMEDIATE');
      try {
        const result = work();
        opened.run('COMMIT');
        return result;
      } catch (error) {
        opened.run('ROLLBACK');
        throw error;
      }
    },
    gather: () => {
      // A server reads for as long as it runs.
      database.exec('PRAGMA busy_timeout = 0');
      database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').raw().all();
      database.exec(`PRAGMA busy_timeout = ${busyMs}`);
    },
    close: () => void database.close(),
  };
  try {
    database.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA cache_size = -${cacheKilobytes}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return opened;
}

/** Whether nothing can be written to a database, and all of it is in the one file. */
function isFixed(file: string): boolean {
  const unwritten = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (!existsSync(file) || unwritten > 0) return false;
  try {
    accessSync(file, constants.W_OK);
    accessSync(path.dirname(file), constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

const busyMs = 20_000;
const cacheKilobytes = 16_000;

/** Whether an error says that the file is no database, no whole one, or one with other tables than ours. */
export function isDamage(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return false;
  return /^SQLITE_(?:CORRUPT|NOTADB)/u.test(code) || /^no such (?:table|column)/u.test(String(message));
}

/** Removes a database with the files that belong to it. */
export function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}
