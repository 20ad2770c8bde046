import { openDerived } from '../../app/opening/derived-models.js';
import { modelEnvironment, modelEvents } from '../../app/surroundings.js';
import { usageError } from '../../errors.js';
import type { AlphabetName } from '../../gguf/alphabet.js';
import { checkGguf } from '../../gguf/check.js';
import type { Recipe } from '../../gguf/recipe.js';
import { summarize } from '../../gguf/summary.js';
import { type CheckedDerived, type DerivedEntry, resolveModel } from '../../models/index.js';
import { formatBytes } from '../../quantities.js';
import type { CliContext } from '../context.js';
import { tableText } from '../terminal/table.js';

/** Options of `slm models derive`. */
export interface DeriveFlags {
  readonly layers?: number;
  readonly vocabulary: 'all' | AlphabetName;
}

/** Makes the file, says on stderr what that brought, and returns the path. */
export async function deriveModel(context: CliContext, spec: string, flags: DeriveFlags): Promise<string> {
  const recipe: Recipe = { layers: flags.layers ?? null, tokens: flags.vocabulary, output: null };
  if (recipe.layers === null && recipe.tokens === 'all') {
    throw usageError('Nothing to derive: the file would be the model itself.', 'Give --layers, --vocabulary or both.');
  }
  const source = await resolveModel(spec, modelEnvironment(context), modelEvents(context));
  const derived = await openDerived(context, source, recipe);
  if (!context.quiet) context.stderr.write(comparison([source, derived]));
  return derived.path;
}

/** A table of the files, one line each: size, layers, vocabulary and parameters. */
function comparison(files: readonly { readonly name: string; readonly path: string }[]): string {
  const rows = files.map(({ name, path }) => {
    const header = checkGguf(path);
    const { blockCount, vocabularySize, parameters } = summarize(header);
    return [
      name,
      formatBytes(header.fileBytes),
      blockCount?.toString() ?? '?',
      vocabularySize?.toLocaleString('en') ?? '?',
      `${Math.round(parameters / 1e6)}M`,
    ];
  });
  return tableText(['NAME', 'SIZE', 'LAYERS', 'VOCABULARY', 'PARAMETERS'], rows, ['left', 'right']);
}

/** The list of derived files for people. */
export function derivedTable(files: readonly (DerivedEntry | CheckedDerived)[]): string {
  const rows = files.map(({ name, bytes, source, lastUsed, ...checked }) => [
    'intact' in checked && !checked.intact ? `${name} (damaged)` : name,
    formatBytes(bytes),
    source.name,
    new Date(lastUsed).toISOString().slice(0, 16).replace('T', ' '),
  ]);
  return tableText(['DERIVED', 'SIZE', 'FROM', 'LAST USED (UTC)'], rows, ['left', 'right', 'left']);
}

/** An element of `slm models list --derived --json`. */
export function derivedDetails(file: CheckedDerived): object {
  const { name, path, bytes, sha256, intact, source, recipe, madeAt, lastUsed } = file;
  return {
    name,
    path,
    bytes,
    sha256,
    intact,
    source,
    recipe: JSON.parse(recipe) as unknown,
    madeAt,
    lastUsed: new Date(lastUsed).toISOString(),
  };
}
