import type { Row } from '../types.js';

/** Somewhere that bytes come from. Standard input can be opened once only. */
export interface ByteSource {
  /** Path as the user gave it; `-` for standard input. */
  readonly file: string;
  open(): AsyncIterable<Uint8Array>;
}

/** How the bytes of a file are text. */
export interface Encoding {
  /** As iconv-lite has it; `utf-8` is read without it. */
  readonly name: string;
  /** Bytes of its byte order mark at the beginning, which are no text. */
  readonly markBytes: number;
  /** Whether nothing but the bytes themselves says so. */
  readonly guessed: boolean;
}

export interface ReadOptions {
  /** A longer line, CSV record, sentence or text document becomes a row with an error. */
  readonly maxRecordBytes: number;
  /** jsonl: the flag that raises it. By default `--max-record-size`. */
  readonly maxRecordFlag?: string;
  /** Called when damage was repaired, at most once a file for each kind. */
  readonly onWarning: (message: string) => void;
  /** Whether bytes that are no text are an error, and not repaired. */
  readonly refusesDamage?: boolean;
  /** Encoding of the bytes, by a name that iconv-lite knows. By default it is told from the bytes. */
  readonly encoding?: string;
  /** csv: the character between fields. By default it is told by the first line. */
  readonly delimiter?: string;
  /** csv and tsv: names for the columns of a file that has no header line. */
  readonly columns?: readonly string[];
}

export type TableOption = 'columns' | 'delimiter';

/** A format that rows are read from. A row that cannot be read has an `error`; the rows after it are fine. */
export interface Reader {
  readonly name: string;
  /** Suffixes that mean this format, lower case, without the dot. */
  readonly extensions: readonly string[];
  /** Whether its rows can carry the right answer beside the text. */
  readonly labelled: boolean;
  /** Which of the options for tables it takes; the others would do nothing. */
  readonly takes: readonly TableOption[];
  read(source: ByteSource, options: ReadOptions): AsyncIterable<Row>;
}

/** Chunks of bytes, never empty. */
export type Chunks = AsyncIterable<Buffer>;
