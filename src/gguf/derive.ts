import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { derivedEntries } from './derived-entries.js';
import { derivedTensors } from './derived-tensors.js';
import { planDerived } from './plan.js';
import type { Recipe } from './recipe.js';
import { writeGguf } from './write.js';

export interface DeriveOptions {
  /** Name of the origin that the file states (`slm.source`). Defaults to the name of the source file. */
  readonly source?: string;
  readonly signal?: AbortSignal;
  /** Called before anything is written, with the size of the tensors. */
  readonly onSize?: (bytes: number) => void;
}

/**
 * Writes a model file by a recipe: fewer layers, fewer tokens, another output matrix. What remains of the weights is
 * copied byte for byte through a buffer of 1 MB. When it throws, there is no file at `target`.
 * @returns old id → new id of each token, -1 where it was dropped
 * @throws SlmError when the recipe does not fit the file, or the file has something that is not understood
 */
export async function writeDerived(
  sourcePath: string,
  targetPath: string,
  recipe: Recipe,
  options: DeriveOptions = {},
): Promise<Int32Array> {
  const plan = planDerived(sourcePath, recipe);
  const file = await open(sourcePath, 'r');
  try {
    const entries = await derivedEntries(file, plan, options.source ?? basename(sourcePath));
    const tensors = derivedTensors(file, plan);
    options.onSize?.(tensors.reduce((sum, { bytes }) => sum + bytes, 0));
    await writeGguf(targetPath, { entries, tensors, alignment: plan.header.alignment }, options.signal);
  } catch (error) {
    await rm(targetPath, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return plan.cut?.newIds ?? everyId(plan.size);
}

/** Returns the result of `writeDerived` without writing, for a file that exists already. */
export function derivedIds(sourcePath: string, recipe: Recipe): Int32Array {
  const { cut, size } = planDerived(sourcePath, recipe);
  return cut?.newIds ?? everyId(size);
}

function everyId(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, id) => id);
}
