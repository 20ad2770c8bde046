import { modelError, usageError } from '../errors.js';
import { cutVocabulary } from './alphabet.js';
import { blockCount, checkDerivable } from './architectures.js';
import { checkGguf } from './check.js';
import { checkRecipe, type Recipe } from './recipe.js';
import type { GgufHeader, GgufTensor } from './types.js';
import { valueBlockSizes } from './value-blocks.js';
import { readVocabulary, type TokenRole, type Vocabulary } from './vocabulary.js';

/** A recipe applied to one file. */
export interface Plan {
  readonly header: GgufHeader;
  readonly recipe: Recipe;
  /** Blocks of the file, with those that hold values. */
  readonly layers: number;
  /** Blocks of the model; those after them hold values. */
  readonly kept: number;
  /** Weights of a token. */
  readonly width: number;
  /** Number of tokens before. */
  readonly size: number;
  /** Null when all tokens remain. */
  readonly cut: PlannedCut | null;
}

interface PlannedCut {
  /** Old ids, ascending. */
  readonly tokens: readonly number[];
  /** Indices of the merges that remain, ascending. */
  readonly merges: readonly number[];
  readonly roles: readonly TokenRole[];
  /** Old id → new id, -1 where dropped. */
  readonly newIds: Int32Array;
}

/** Throws a usageError for an impossible recipe, a modelError for a file that cannot be rewritten so. */
export function planDerived(path: string, recipe: Recipe): Plan {
  checkRecipe(recipe);
  const header = checkGguf(path);
  checkDerivable(header, recipe);
  const embedding = tensorOf(header, 'token_embd.weight');
  const [width = 0, size = 0] = embedding?.shape ?? [];
  if (embedding === undefined || size === 0) throw modelError(`${path} has no matrix of token embeddings.`);
  const needed = rowsNeeded(recipe, width);
  if (needed > size) {
    throw usageError(`The output matrix has ${needed} rows, but ${path} has ${size} tokens only.`);
  }
  const kept = recipe.layers ?? blockCount(header);
  return {
    header,
    recipe,
    layers: kept + valueBlockSizes(header, recipe).length,
    kept,
    width,
    size,
    cut: recipe.tokens === 'all' ? null : cutOf(path, recipe.tokens, size, needed),
  };
}

function tensorOf(header: GgufHeader, name: string): GgufTensor | undefined {
  return header.tensors.find((tensor) => tensor.name === name);
}

/** Tokens that must remain, so that every row of the output matrix has one. */
function rowsNeeded({ output }: Recipe, width: number): number {
  if (output === null) return 1;
  if ('unit' in output) return width;
  const rows = 'rows' in output ? output.rows : output.values;
  const wrong = rows.find((row) => row.length !== width);
  if (wrong !== undefined) {
    throw usageError(`A row of the output matrix has ${wrong.length} values, the model has a width of ${width}.`);
  }
  return 'rows' in output ? rows.length : 1;
}

function cutOf(path: string, wanted: Exclude<Recipe['tokens'], 'all'>, size: number, needed: number): PlannedCut {
  const vocabulary = readVocabulary(path);
  if (vocabulary.tokens.length !== size) {
    throw modelError(`${path} has ${vocabulary.tokens.length} tokens but ${size} embeddings of them.`);
  }
  const empty = vocabulary.tokens.indexOf('');
  // llama.cpp calls such a token [EMPTY_id], and the id would change.
  if (empty !== -1) throw modelError(`Token ${empty} of ${path} is empty; its vocabulary cannot be cut.`);
  const { tokens, merges } =
    typeof wanted === 'string' ? cutVocabulary(vocabulary, wanted) : chosen(vocabulary, wanted);
  const all = filledUp(tokens, needed, size);
  const newIds = new Int32Array(size).fill(-1);
  for (const [id, old] of all.entries()) newIds[old] = id;
  return { tokens: all, merges, roles: vocabulary.roles, newIds };
}

/** The named tokens, those that no file can do without, and the merges that lead from them to them. */
function chosen(vocabulary: Vocabulary, ids: readonly number[]): { tokens: readonly number[]; merges: number[] } {
  const last = ids.at(-1) ?? 0;
  if (last >= vocabulary.tokens.length) {
    throw usageError(`There is no token ${last}: the vocabulary has ${vocabulary.tokens.length}.`);
  }
  const tokens = [...new Set([...ids, ...indispensable(vocabulary)])].sort((a, b) => a - b);
  const spelled = new Set(tokens.map((id) => vocabulary.tokens[id] ?? ''));
  const merges: number[] = [];
  for (const [rank, merge] of vocabulary.merges.entries()) {
    const [left = '', right = ''] = merge.split(' ');
    if (spelled.has(left) && spelled.has(right) && spelled.has(left + right)) merges.push(rank);
  }
  return { tokens, merges };
}

/**
 * Tokens with a role, since llama.cpp would take any other for them; and byte tokens, since without that of the line
 * end it ends the process while it loads a SentencePiece vocabulary (std::out_of_range in byte_to_token).
 */
function indispensable({ kind, tokens, roles }: Vocabulary): number[] {
  const bytes = kind === 'bpe' ? [] : [...tokens.keys()].filter((id) => /^<0x[0-9A-F]{2}>$/u.test(tokens[id] ?? ''));
  return [...roles.map(({ id }) => id).filter((id) => id < tokens.length), ...bytes];
}

/** The list, with the lowest ids that are not in it when it is too short. */
function filledUp(ids: readonly number[], needed: number, size: number): readonly number[] {
  if (ids.length >= needed) return ids;
  const all = new Set(ids);
  for (let id = 0; id < size && all.size < needed; id++) all.add(id);
  return [...all].sort((a, b) => a - b);
}
