import { ggufFile, type TinyTensor } from './tiny-gguf.js';

type Metadata = Parameters<typeof ggufFile>[0];

export const tinyWidth = 32;

/** Bytes that say where they are: no two rows of any tensor are the same. */
function bytesOf(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed * 101 + (i >> 8) * 7) % 251));
}

/** A matrix of Q8_0: a row of 32 weights takes 34 bytes. */
export function tinyMatrix(name: string, rows: number, seed: number): TinyTensor {
  return { name, shape: [tinyWidth, rows], type: 8, data: bytesOf(rows * 34, seed) };
}

export function tinyVector(name: string, seed: number): TinyTensor {
  return { name, shape: [tinyWidth], type: 0, data: bytesOf(tinyWidth * 4, seed) };
}

/** A model of the llama kind with a matrix and two vectors a block. Nothing could be computed with it. */
export function tinyModel(
  metadata: Metadata,
  options: { blocks?: number; vocabulary: number; more?: readonly TinyTensor[] },
): Buffer {
  const { blocks = 4, vocabulary, more = [] } = options;
  const layers = Array.from({ length: blocks }, (_, i) => [
    tinyVector(`blk.${i}.attn_norm.weight`, i * 3 + 10),
    tinyMatrix(`blk.${i}.attn_q.weight`, 8, i * 3 + 11),
    tinyVector(`blk.${i}.attn_q.bias`, i * 3 + 12),
  ]);
  return ggufFile(
    {
      'general.architecture': 'llama',
      'general.name': 'Tiny',
      'llama.block_count': blocks,
      'llama.embedding_length': tinyWidth,
      'llama.vocab_size': vocabulary,
      ...metadata,
    },
    [tinyMatrix('token_embd.weight', vocabulary, 1), ...layers.flat(), tinyVector('output_norm.weight', 2), ...more],
  );
}

/** Types of tokens, as llama.h has them. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };

/** A SentencePiece vocabulary: begin is 1 and end 2 by llama.cpp's defaults; padding stands in the file. */
export const spmTokens: readonly (readonly [text: string | Buffer, type: number])[] = [
  ['<unk>', tokenTypes.unknown],
  ['<s>', tokenTypes.control],
  ['</s>', tokenTypes.control],
  ['<0x0A>', tokenTypes.byte],
  ['▁the', tokenTypes.normal],
  ['中', tokenTypes.normal],
  ['▁中文', tokenTypes.normal],
  ['é', tokenTypes.normal],
  ['я', tokenTypes.normal],
  ['<地>', tokenTypes.userDefined],
  ['▁', tokenTypes.normal],
  ['🙂', tokenTypes.normal],
  ['“', tokenTypes.normal],
  // Half a character: no text in UTF-8 leads to it.
  [Buffer.from([0xe4, 0xb8]), tokenTypes.normal],
  ['unused', tokenTypes.unused],
  ['<pad>', tokenTypes.normal],
];
/** What `latin` keeps of them. */
export const spmLatin = [0, 1, 2, 3, 4, 7, 9, 10, 12, 14, 15];

export const spmMetadata: Metadata = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': spmTokens.map(([text]) => (typeof text === 'string' ? Buffer.from(text) : text)),
  'tokenizer.ggml.scores': { f32: spmTokens.map((_, i) => -i / 4) },
  'tokenizer.ggml.token_type': { i32: spmTokens.map(([, type]) => type) },
  'tokenizer.ggml.padding_token_id': 15,
  'tokenizer.ggml.add_bos_token': true,
};
