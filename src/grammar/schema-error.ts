import { SlmError } from '../errors.js';

/** A schema that cannot be used, and the place in it, so that whoever knows its file can name the line. */
export class SchemaError extends SlmError {
  /** A JSON pointer as a URI fragment: `#/properties/day`. */
  readonly pointer: string;
  /** The message without the place. */
  readonly problem: string;

  constructor(pointer: string, problem: string, hint?: string, cause?: unknown) {
    super('usage', `schema at ${pointer}: ${problem}`, { ...(hint === undefined ? {} : { hint }), cause });
    this.pointer = pointer;
    this.problem = problem;
  }
}
