import { ggufFile, type TinyTensor } from './tiny-gguf.js';

const width = 32;
const feedForward = 64;
const positions = 64;
const marks = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/**
 * A BERT of one block that llama.cpp runs: each word has a vector of its own, and the mean of them all is the
 * embedding, so that texts with the same words are near each other. Nothing in it was trained.
 */
export function tinyBert(words: readonly string[]): Buffer {
  const vocabulary = [...marks, ...words.map((word) => `▁${word}`)];
  const block = (name: string) => `blk.0.${name}`;
  const tensors = [
    matrix('token_embd.weight', width, vocabulary.length, 1),
    matrix('position_embd.weight', width, positions, 0.01),
    matrix('token_types.weight', width, 2, 0.01),
    ...norm('token_embd_norm'),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].flatMap((name) => linear(block(name), width, width)),
    ...norm(block('attn_output_norm')),
    ...linear(block('ffn_up'), width, feedForward),
    ...linear(block('ffn_down'), feedForward, width),
    ...norm(block('layer_output_norm')),
  ];
  return ggufFile(
    {
      'general.architecture': 'bert',
      'general.name': 'Tiny BERT',
      'bert.block_count': 1,
      'bert.context_length': positions,
      'bert.embedding_length': width,
      'bert.feed_forward_length': feedForward,
      'bert.attention.head_count': 4,
      'bert.attention.layer_norm_epsilon': { float: 1e-12 },
      'bert.attention.causal': false,
      // The mean over all tokens.
      'bert.pooling_type': 1,
      'tokenizer.ggml.model': 'bert',
      'tokenizer.ggml.pre': 'default',
      'tokenizer.ggml.token_type_count': 2,
      'tokenizer.ggml.tokens': vocabulary,
      'tokenizer.ggml.token_type': { i32: vocabulary.map((_, id) => (id < marks.length ? 3 : 1)) },
      'tokenizer.ggml.padding_token_id': 0,
      'tokenizer.ggml.unknown_token_id': 1,
      'tokenizer.ggml.bos_token_id': 2,
      'tokenizer.ggml.seperator_token_id': 3,
      'tokenizer.ggml.eos_token_id': 3,
      'tokenizer.ggml.mask_token_id': 4,
      'tokenizer.ggml.add_bos_token': true,
      'tokenizer.ggml.add_eos_token': true,
    },
    tensors,
  );
}

function linear(name: string, from: number, to: number): TinyTensor[] {
  return [matrix(`${name}.weight`, from, to, 0.1), vector(`${name}.bias`, to, 0)];
}

function norm(name: string): TinyTensor[] {
  return [vector(`${name}.weight`, width, 1), vector(`${name}.bias`, width, 0)];
}

/** Numbers without a pattern, the same at every run. */
function matrix(name: string, columns: number, rows: number, size: number): TinyTensor {
  const seed = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const values = Float32Array.from({ length: columns * rows }, (_, i) => size * noise(i, seed));
  return { name, shape: [columns, rows], type: 0, data: Buffer.from(values.buffer) };
}

/** Between −1 and 1. */
function noise(i: number, seed: number): number {
  const value = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}

function vector(name: string, length: number, value: number): TinyTensor {
  return { name, shape: [length], type: 0, data: Buffer.from(new Float32Array(length).fill(value).buffer) };
}
