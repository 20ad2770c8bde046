import type { Rules } from './gbnf-writer.js';
import type { Schema } from './schema-node.js';
import type { Reader } from './shapes.js';

/** How much of a schema its grammar covers. */
export interface GrammarOptions {
  /** Characters of a string without `maxLength`. Defaults to any number. */
  readonly maxStringLength?: number;
  /** Items of an array without `maxItems`, and entries of a map without `maxProperties`. Defaults to any number. */
  readonly maxArrayItems?: number;
  /** How often a definition that contains itself is entered, and levels of a value without a schema. Defaults to any. */
  readonly maxDepth?: number;
  /**
   * Presumes what people mean where a schema leaves it open: the listed properties alone, in the schema's order; the
   * type that the keywords are about; a list of `prefixItems` that is written whole. For generating; without it, the
   * grammar is for telling which texts are valid, and takes properties in any order. Defaults to false.
   */
  readonly presume?: boolean;
  /** Whether, with `presume`, properties that are not listed are allowed where the schema leaves it open. */
  readonly unlisted?: boolean;
  /** The text that strings with `x-source` are taken from. Without it, they are strings like others. */
  readonly text?: string;
}

/** The state that the writers of all types share. */
export interface Writer {
  readonly reader: Reader;
  readonly rules: Rules;
  readonly maxStringLength: number;
  readonly maxArrayItems: number;
  readonly maxDepth: number;
  readonly presume: boolean;
  readonly unlisted: boolean;
  readonly text: string | null;
  /** An item for a sequence, or null when no value is valid. */
  write(schemas: readonly Schema[], place: Place): string | null;
  /** Any JSON value. */
  any(): string;
  /** Tells of a keyword that the grammar does not force here, so that only the check sees to it. */
  unforced(keyword: string): void;
}

/** Where we are. */
export interface Place {
  /** Name used in the names of rules. */
  readonly name: string;
  /** How many self-containing definitions we are in. */
  readonly depth: number;
  /** Values in values. */
  readonly level: number;
  /** Whether `depth` counts this value already. */
  readonly counted?: boolean;
}

export const inside = (place: Place, name: string | number): Place => ({
  name: `${place.name}-${name}`.slice(-80),
  depth: place.depth,
  level: place.level + 1,
});

/** Returns whether an item is better repeated than given a name. */
export function isShort(item: string): boolean {
  return item.length <= 24;
}
