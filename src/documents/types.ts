/** The text of a file, as answers are copied from it. */
export interface ExtractedText {
  /** Headings stand as in Markdown (`## Fees`), table rows as `| a | b |`; paragraphs are apart by a blank line. */
  readonly text: string;
  /** Offset in the text, UTF-16, at which each page begins; left out where a format has no pages. */
  readonly pages?: readonly number[];
}

/** A file that was read into memory. */
export interface DocumentFile {
  /** As messages name it. */
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Called with what is not as it should be in a file that is read all the same.
 * @param problem follows the name: `not UTF-8; read as windows-1252`
 */
export type OnWarning = (problem: string, file: string) => void;

/** Limits for the resources that a file may use. */
export interface ExtractionLimits {
  /** Limit of the text, and of everything that has to be unpacked for it. */
  readonly maxBytes: number;
  /** Ends the work. */
  readonly signal: AbortSignal;
}

/** A kind of file that answers can be copied from. */
export interface DocumentFormat {
  readonly name: string;
  /** Suffixes that mean it, lower case, without the dot. */
  readonly extensions: readonly string[];
  /** How every file of it begins; left out where nothing tells. */
  readonly magic?: string;
  /** Whether the text is compressed in it: there may be hundreds of times as much. */
  readonly compressed?: boolean;
  /** @throws Error whose message is the reason why it cannot be read */
  extract(file: DocumentFile, limits: ExtractionLimits, onWarning: OnWarning): Promise<ExtractedText>;
}
