import { readsOutput } from '../../gguf/architectures.js';
import { derivedIds } from '../../gguf/derive.js';
import { readGgufHeader } from '../../gguf/header.js';
import type { Recipe } from '../../gguf/recipe.js';
import type { FeatureReader, StateReader, Token, WantedStates } from '../../types.js';

/** A model whose head is the output of a derived file. */
type DerivedEngine = Pick<FeatureReader, 'headScores'> & { readonly slots: number; dispose(): Promise<void> };

/**
 * Reads hidden states after `layers` blocks, normalised as the model normalises its last one. The file for it has
 * only the tokens of these very prompts: an output costs as much as there are tokens, and the tokenizer is not needed
 * any more.
 * @param width numbers of a hidden state
 * @param source the file of the whole model
 * @param open opens the file that a recipe makes of the model
 */
export async function openHiddenStates(
  all: readonly WantedStates[],
  layers: number,
  width: number,
  source: string,
  open: (recipe: Recipe) => Promise<DerivedEngine>,
): Promise<StateReader> {
  // The first tokens carry the outputs; they are in every file.
  const ids = new Set(Array.from({ length: width }, (_, id) => id));
  for (const { prompt } of all) {
    for (const part of prompt.prefix) for (const id of part) ids.add(id);
    for (const id of prompt.input) ids.add(id);
  }
  const tokens = [...ids].sort((a, b) => a - b);
  // As values of three more blocks the same numbers come no faster: the file has few tokens, and blocks cost too.
  // Where the embedding is always the output, there is no other way.
  const ownOutput = readsOutput(readGgufHeader(source));
  const recipe: Recipe = { layers, tokens, output: ownOutput ? { unit: true } : { values: unitRows(width) } };
  // The file has further tokens, among these: those with a role and those of single bytes.
  const newIds = derivedIds(source, recipe);
  const engine = await open(recipe);
  const renamed = new Map<readonly Token[], readonly Token[]>();
  const rename = (part: readonly Token[]) => part.map((id) => newIds[id] as Token);
  /** Prefixes are the same arrays again and again, and stay so. */
  const renameShared = (part: readonly Token[]) => {
    const known = renamed.get(part) ?? rename(part);
    renamed.set(part, known);
    return known;
  };
  return {
    slots: engine.slots,
    async read({ prompt, positions }) {
      const states = await engine.headScores(
        { prefix: prompt.prefix.map(renameShared), input: rename(prompt.input) },
        positions,
        width,
      );
      const values = new Float32Array(positions.length * width);
      states.forEach((state, i) => {
        values.set(state, i * width);
      });
      return values;
    },
    dispose: () => engine.dispose(),
  };
}

function unitRows(width: number): Float32Array[] {
  return Array.from({ length: width }, (_, i) => {
    const row = new Float32Array(width);
    row[i] = 1;
    return row;
  });
}
