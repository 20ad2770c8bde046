import { closeSync, openSync } from 'node:fs';
import { modelError } from '../errors.js';
import { openCursor } from './cursor.js';
import type { GgufHeader } from './types.js';

const key = 'tokenizer.ggml.tokens';
const stringType = 8;
/** Type and number of the elements, before the first of them. */
const arrayHead = 4 + 8;

/**
 * Makes sure that all tokens of a model file have texts of their own: at two of the same, llama.cpp ends the process
 * (GGML_ASSERT in llama_vocab::impl::load). Reads the list of tokens, which takes some 20 ms for 150,000.
 * @throws SlmError of kind `model` that names the token
 */
export function checkTokens({ path, metadata, fileBytes }: GgufHeader): void {
  const entry = metadata.get(key);
  if (typeof entry?.value !== 'object' || entry.value.elementType !== stringType) return;
  const file = openSync(path, 'r');
  try {
    const cursor = openCursor(file, fileBytes);
    cursor.skip(entry.start + arrayHead);
    const repeated = cursor.skipDistinct(entry.value.length);
    if (repeated === null) return;
    throw modelError(
      `${path} is damaged: its token ${repeated} has the same text as one before it.`,
      'Download it again; `slm models pull NAME` does so for a model of the catalogue.',
    );
  } finally {
    closeSync(file);
  }
}
