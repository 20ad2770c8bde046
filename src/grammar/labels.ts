import { usageError } from '../errors.js';
import { literal } from './gbnf-writer.js';

/** A grammar that accepts exactly one of the given strings. Labels keep their spaces, a leading one included. */
export function labelsToGrammar(labels: readonly string[]): string {
  if (labels.length === 0) throw usageError('A grammar of labels needs at least one label.');
  for (const [index, label] of labels.entries()) {
    if (label === '') throw usageError(`Label ${index + 1} is empty.`);
    // llama.cpp reads a token's text as a C string, which ends at NUL.
    if (label.includes('\0')) throw usageError(`Label ${index + 1} contains a NUL character.`);
    if (!label.isWellFormed()) throw usageError(`Label ${index + 1} contains half of a surrogate pair.`);
  }
  return `root ::= ${[...new Set(labels)].map(literal).join(' | ')}\n`;
}
