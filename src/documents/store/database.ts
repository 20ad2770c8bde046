import { rmSync } from 'node:fs';
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

/** Opens a database file, or makes it; waits for other processes that write to it. */
export function openDatabase(file: string): Database {
  const Libsql = libsql();
  const database = new Libsql(file);
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
