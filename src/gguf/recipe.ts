import { createHash } from 'node:crypto';
import { usageError } from '../errors.js';
import { type AlphabetName, alphabetNames } from './alphabet.js';

/** How a model file is rewritten. No weight is ever changed. */
export interface Recipe {
  /** The first so many blocks; null for all. */
  readonly layers: number | null;
  /**
   * `all`; or all that a text of an alphabet can lead to, so that its tokenisation stays the same; or these old
   * ids, ascending, for files whose tokenizer is not used: with them remain byte tokens, tokens with a role (begin,
   * end …), and the lowest ids until each row of `output` has a token.
   */
  readonly tokens: 'all' | AlphabetName | readonly number[];
  /** The output matrix; null for the model's own. */
  readonly output: null | UnitOutput | RowsOutput | ValuesOutput;
}

/**
 * Token i (new ids, from 0 to the width of the model) has the unit vector e_i as its row of the output matrix, the
 * others zeros: the logits of the first tokens are the hidden state after the last norm.
 */
export interface UnitOutput {
  readonly unit: true;
  /** Defaults to F16: the matrix is exact, the hidden state is rounded to half precision (3 digits). */
  readonly type?: OutputType;
}

/** Token i has row i of these, the tokens after them have zeros. */
export interface RowsOutput {
  readonly rows: readonly Float32Array[];
  /** Defaults to Q8_0 (F16 where the width is no multiple of 32). */
  readonly type?: OutputType;
}

/**
 * One more block, whose values in the cache are these rows times the hidden state at each token: its value matrix has
 * the rows, its first norm is the model's last one. An output costs as much as there are tokens; a value costs
 * nothing. Where one block has no room for all rows, more follow, each of which leaves the hidden state as it is.
 */
export interface ValuesOutput {
  readonly values: readonly Float32Array[];
}

export type OutputType = 'F16' | 'F32' | 'Q8_0';

/** Throws a usageError for what no model can be made of. `tokens` may come from outside. */
export function checkRecipe(recipe: Recipe): void {
  const { layers, tokens, output } = recipe;
  if (layers !== null && (!Number.isInteger(layers) || layers < 1)) {
    throw usageError(`A model cannot have ${layers} layers.`, 'Give a whole number from 1 on.');
  }
  if (typeof tokens === 'string') {
    if (tokens !== 'all' && !alphabetNames.includes(tokens)) {
      throw usageError(`There is no alphabet "${tokens}".`, `There are: all, ${alphabetNames.join(', ')}.`);
    }
  } else if (tokens.length === 0 || tokens.some((id, i) => !Number.isInteger(id) || id <= (tokens[i - 1] ?? -1))) {
    throw usageError('The ids of the tokens to keep must be whole numbers in ascending order.');
  }
  if (output !== null && !('unit' in output)) {
    const rows = 'rows' in output ? output.rows : output.values;
    if (rows.length === 0) throw usageError('The output matrix has no rows.');
    if (!rows.every((row) => row.every(Number.isFinite))) {
      throw usageError('A row of the output matrix has a value that is not a number.');
    }
  }
}

/**
 * A recipe as JSON that is the same for equal recipes and differs for others: long lists stand as digests.
 * It is what a derived file says of itself, and what the cache goes by.
 */
export function recipeText({ layers, tokens, output }: Recipe): string {
  const list =
    typeof tokens === 'string' ? tokens : { count: tokens.length, sha256: digest([Int32Array.from(tokens)]) };
  return JSON.stringify({ layers, tokens: list, output: output === null ? null : outputText(output) });
}

function outputText(output: UnitOutput | RowsOutput | ValuesOutput): object {
  if ('values' in output) return { values: output.values.length, sha256: digest(output.values) };
  if ('unit' in output) return { unit: true, type: output.type ?? 'F16' };
  return { rows: output.rows.length, sha256: digest(output.rows), type: output.type ?? 'Q8_0' };
}

/** `+10l+latin`: the recipe as the end of a name; digests are cut to 8 digits. Empty when nothing is changed. */
export function recipeName({ layers, tokens, output }: Recipe): string {
  const parts: string[] = [];
  if (layers !== null) parts.push(`${layers}l`);
  if (typeof tokens !== 'string') parts.push(`${tokens.length}t-${digest([Int32Array.from(tokens)]).slice(0, 8)}`);
  else if (tokens !== 'all') parts.push(tokens);
  if (output !== null) {
    if ('values' in output) parts.push(`${output.values.length}v-${digest(output.values).slice(0, 8)}`);
    else parts.push('unit' in output ? 'unit' : `${output.rows.length}r-${digest(output.rows).slice(0, 8)}`);
    if (!('values' in output) && output.type !== undefined) parts.push(output.type.toLowerCase());
  }
  return parts.map((part) => `+${part}`).join('');
}

function digest(arrays: readonly (Float32Array | Int32Array)[]): string {
  const hash = createHash('sha256');
  for (const array of arrays) {
    hash.update(`${array.length} `);
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest('hex');
}
