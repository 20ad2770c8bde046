/** A text that questions are answered from. */
export interface Document {
  /** Path as the user or the profile gave it; `-` for standard input, the field's name for a record's own text. */
  readonly source: string;
  readonly text: string;
}
