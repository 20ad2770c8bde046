import type { FileHandle } from 'node:fs/promises';
import { modelError } from '../errors.js';
import { stateListOf } from './architectures.js';
import type { Plan } from './plan.js';
import { readExactly } from './read-exactly.js';
import { recipeText } from './recipe.js';
import { architectureName, furtherBlocksKey, number } from './summary.js';
import { type GgufArray, type GgufEntry, valueTypes } from './types.js';
import { modelOfValueBlocks } from './value-blocks.js';
import { isRoleKey } from './vocabulary.js';
import { type NewEntry, text, u32, u64 } from './write.js';

/** Type of the value, of its elements, and their number: what stands before the elements of an array. */
const arrayHeadBytes = 12;

/** Lists with an element for each block. */
const layerLists = /\.(feed_forward_length|attention\.head_count(_kv)?|attention\.sliding_window_pattern)$/u;

/** Keys with the original form of the tokenizer, which llama.cpp does not read. */
const copiesOfTokenizer = new Set(['tokenizer.huggingface.json']);

/** The metadata of a derived file: what the recipe changes, and all else byte for byte. `source` is for people. */
export async function derivedEntries(file: FileHandle, plan: Plan, source: string): Promise<NewEntry[]> {
  const entries: NewEntry[] = [];
  for (const entry of plan.header.metadata.values()) {
    const changed = await changedEntry(file, entry, plan);
    if (changed !== null) entries.push(changed);
  }
  // Where the file is silent, llama.cpp's default would now be another token.
  for (const { key, id, stated } of plan.cut?.roles ?? []) {
    const now = plan.cut?.newIds[id] ?? -1;
    if (!stated && now >= 0) entries.push({ key, type: 4, value: u32(now) });
  }
  const own = [
    ...stateEntries(plan),
    { key: 'slm.source', type: 8, value: text(source) },
    { key: 'slm.recipe', type: 8, value: text(recipeText(plan.recipe)) },
  ];
  return [...entries.filter(({ key }) => !own.some((each) => each.key === key)), ...own];
}

/** Whether the file may have other blocks than the source. */
function isOfOtherBlocks({ header, recipe, layers, kept }: Plan): boolean {
  const further = number(header, `${architectureName(header)}.${furtherBlocksKey}`) ?? 0;
  return recipe.layers !== null || layers > kept || further > 0;
}

/** Which blocks carry a state, where the number of blocks is another than the rule of the architecture goes by. */
function stateEntries(plan: Plan): NewEntry[] {
  const states = isOfOtherBlocks(plan) ? stateListOf(plan.header, plan.kept, plan.layers) : null;
  if (states === null) return [];
  const flags = states.list.map((carries) => u32(carries ? 1 : 0));
  return [{ key: states.key, type: 9, value: arrayOf(4, flags) }];
}

/** Null for what the derived file does not have. */
async function changedEntry(file: FileHandle, entry: GgufEntry, plan: Plan): Promise<NewEntry | null> {
  const { key, type, value } = entry;
  const { cut, recipe } = plan;
  const architecture = architectureName(plan.header);
  const unchanged = async () => ({ key, type, value: await readExactly(file, entry.start, entry.end - entry.start) });

  // A row of one's own is meant as it is, not squashed or scaled as the logits of words are.
  if (recipe.output !== null && !('values' in recipe.output)) {
    if (key === `${architecture}.final_logit_softcapping`) return null;
    // llama.cpp divides by it.
    if (key === `${architecture}.logit_scale`) return { key, type: 6, value: Buffer.from(Float32Array.of(1).buffer) };
  }
  if (key === `${architecture}.${furtherBlocksKey}`) return { key, type: 4, value: u32(0) };
  if (isOfOtherBlocks(plan) && key.startsWith(`${architecture}.`)) {
    if (key === `${architecture}.block_count`) return { key, type: 4, value: u32(plan.layers) };
    if (typeof value === 'object' && layerLists.test(key)) return firstElements(file, entry, value, plan);
  }
  if (cut === null) return unchanged();

  if (key === `${architecture}.vocab_size`) return { key, type: 4, value: u32(cut.tokens.length) };
  if (copiesOfTokenizer.has(key)) return null;
  if (isRoleKey(key) && typeof value === 'number') {
    const id = cut.newIds[value] ?? -1;
    return id < 0 ? null : { key, type: 4, value: u32(id) };
  }
  if (typeof value !== 'object') return unchanged();
  if (key === 'tokenizer.ggml.merges') return selection(file, entry, value, cut.merges);
  if (key === 'tokenizer.ggml.suppress_tokens') return remapped(file, entry, value, cut.newIds);
  if (['tokens', 'scores', 'token_type'].some((name) => key === `tokenizer.ggml.${name}`)) {
    return selection(file, entry, value, cut.tokens);
  }
  if (key.startsWith('tokenizer.') && value.length === plan.size) {
    throw modelError(
      `${plan.header.path} has ${key} for each token, which is not known; its vocabulary cannot be cut.`,
    );
  }
  return unchanged();
}

/** One for each block; blocks that hold values are as the one that they are made of. */
async function firstElements(file: FileHandle, entry: GgufEntry, array: GgufArray, plan: Plan): Promise<NewEntry> {
  const { header, kept, layers } = plan;
  // Lists may be shorter than the blocks are many.
  const ofModel = Array.from({ length: Math.min(kept, array.length) }, (_, i) => i);
  const indices = [...ofModel, ...Array.from({ length: layers - kept }, () => modelOfValueBlocks(header, kept))];
  return selection(file, entry, array, indices);
}

/** Elements of an array by their indices; those of strings ascend. The bytes are copied, so that odd UTF-8 stays as it is. */
async function selection(
  file: FileHandle,
  entry: GgufEntry,
  array: GgufArray,
  indices: readonly number[],
): Promise<NewEntry> {
  const elements = await readExactly(file, entry.start + arrayHeadBytes, entry.end - entry.start - arrayHeadBytes);
  const size = valueTypes[array.elementType]?.bytes ?? 0;
  const parts: Buffer[] = [];
  let at = 0;
  let index = 0;
  for (const wanted of indices) {
    if (wanted >= array.length) throw modelError(`${entry.key} has ${array.length} elements, not one for each token.`);
    if (size > 0) at = wanted * size;
    else for (; index < wanted; index++) at += 8 + Number(elements.readBigUInt64LE(at));
    const bytes = size > 0 ? size : 8 + Number(elements.readBigUInt64LE(at));
    parts.push(elements.subarray(at, at + bytes));
  }
  return { key: entry.key, type: entry.type, value: arrayOf(array.elementType, parts) };
}

/** Ids in a list of 32-bit integers, without those that were dropped. */
async function remapped(file: FileHandle, entry: GgufEntry, array: GgufArray, newIds: Int32Array): Promise<NewEntry> {
  const elements = await readExactly(file, entry.start + arrayHeadBytes, entry.end - entry.start - arrayHeadBytes);
  const ids = Array.from({ length: array.length }, (_, i) => newIds[elements.readInt32LE(i * 4)] ?? -1);
  return { ...entry, value: arrayOf(array.elementType, ids.filter((id) => id >= 0).map(u32)) };
}

function arrayOf(elementType: number, elements: readonly Buffer[]): Buffer {
  return Buffer.concat([u32(elementType), u64(elements.length), ...elements]);
}
