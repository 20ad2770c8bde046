import { ggufFile, type TinyTensor } from './tiny-gguf.js';

type Metadata = Parameters<typeof ggufFile>[0];

export const loadableWidth = 32;
const heads = 2;
const headWidth = loadableWidth / heads;
const inner = 64;
const blocks = 3;
/** Unknown, begin and end; every byte, without which llama.cpp ends the process over a letter that it does not know. */
const tokens = [
  '<unk>',
  '<s>',
  '</s>',
  ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
];
const tokenTypes = tokens.map((_, id) => [2, 3, 3][id] ?? 6);

interface Kind {
  readonly metadata?: Metadata;
  /** Tensors of a block that others do not have, or have in another form. */
  readonly block: (i: number) => readonly TinyTensor[];
  /** Whether the embedding is the output, too. */
  readonly tied?: boolean;
  /** Name of the last norm. Default: output_norm. */
  readonly norm?: string;
  /** Name of the norm before the feed-forward part. Default: ffn_norm. */
  readonly innerNorm?: string;
  /** Default: what it is called here. */
  readonly architecture?: string;
  /** Tensors of a block after all others, which guesses the token after the next. */
  readonly further?: (i: number) => readonly TinyTensor[];
}

const attentionOutput = (i: number) => matrix(`blk.${i}.attn_output.weight`, loadableWidth, loadableWidth);
const plainAttention = (i: number) => [
  matrix(`blk.${i}.attn_q.weight`, loadableWidth, loadableWidth),
  matrix(`blk.${i}.attn_k.weight`, loadableWidth, headWidth),
  matrix(`blk.${i}.attn_v.weight`, loadableWidth, headWidth),
  attentionOutput(i),
];
const plainFeedForward = (i: number) => [
  matrix(`blk.${i}.ffn_gate.weight`, loadableWidth, inner),
  matrix(`blk.${i}.ffn_up.weight`, loadableWidth, inner),
];
const plain = (i: number) => [...plainAttention(i), ...plainFeedForward(i)];

const normed = (i: number) => [
  vector(`blk.${i}.attn_q_norm.weight`, headWidth, 1),
  vector(`blk.${i}.attn_k_norm.weight`, headWidth, 1),
];
/** Gemma has norms after attention and feed-forward, too. */
const gemma = (i: number) => [
  ...plain(i),
  vector(`blk.${i}.post_attention_norm.weight`, loadableWidth, 1),
  vector(`blk.${i}.post_ffw_norm.weight`, loadableWidth, 1),
];
/** In place of attention. */
const convolution = (i: number) => [
  matrix(`blk.${i}.shortconv.in_proj.weight`, loadableWidth, 3 * loadableWidth),
  matrix(`blk.${i}.shortconv.conv.weight`, 3, loadableWidth),
  matrix(`blk.${i}.shortconv.out_proj.weight`, loadableWidth, loadableWidth),
];
const stateSize = 16;
const convolved = inner + 2 * stateSize;
/** The same, of Mamba 2. */
const stateSpace = (i: number) => [
  matrix(`blk.${i}.ssm_in.weight`, loadableWidth, inner + convolved + heads),
  matrix(`blk.${i}.ssm_conv1d.weight`, 4, convolved),
  vector(`blk.${i}.ssm_conv1d.bias`, convolved),
  vector(`blk.${i}.ssm_dt.bias`, heads),
  { ...vector(`blk.${i}.ssm_a`, heads, -1), shape: [1, heads] },
  { ...vector(`blk.${i}.ssm_d`, heads, 1), shape: [1, heads] },
  { ...vector(`blk.${i}.ssm_norm.weight`, inner, 1), shape: [inner, 1] },
  matrix(`blk.${i}.ssm_out.weight`, inner, loadableWidth),
];
/** Each query has a gate beside it. */
const gatedAttention = (i: number) => [
  matrix(`blk.${i}.attn_q.weight`, loadableWidth, 2 * loadableWidth),
  matrix(`blk.${i}.attn_k.weight`, loadableWidth, headWidth),
  matrix(`blk.${i}.attn_v.weight`, loadableWidth, headWidth),
  attentionOutput(i),
  ...normed(i),
];
/** In place of it, of Qwen 3.5. */
const deltaNet = (i: number) => [
  matrix(`blk.${i}.attn_qkv.weight`, loadableWidth, 3 * loadableWidth),
  matrix(`blk.${i}.attn_gate.weight`, loadableWidth, loadableWidth),
  matrix(`blk.${i}.ssm_conv1d.weight`, 4, 3 * loadableWidth),
  vector(`blk.${i}.ssm_dt.bias`, heads),
  vector(`blk.${i}.ssm_a`, heads, -1),
  matrix(`blk.${i}.ssm_beta.weight`, loadableWidth, heads),
  matrix(`blk.${i}.ssm_alpha.weight`, loadableWidth, heads),
  vector(`blk.${i}.ssm_norm.weight`, headWidth, 1),
  matrix(`blk.${i}.ssm_out.weight`, loadableWidth, loadableWidth),
];
const gemmaMetadata = (name: string): Metadata => ({
  [`${name}.attention.key_length`]: headWidth,
  [`${name}.attention.value_length`]: headWidth,
  [`${name}.attention.sliding_window`]: 128,
});
/** Logits of Gemma 2 are kept within this. */
export const loadableSoftcap = 30;

const qwen35: Kind = {
  metadata: {
    'qwen35.attention.key_length': headWidth,
    'qwen35.attention.value_length': headWidth,
    'qwen35.rope.dimension_sections': { i32: [2, 3, 3, 0] },
    'qwen35.full_attention_interval': 2,
    'qwen35.ssm.conv_kernel': 4,
    'qwen35.ssm.inner_size': loadableWidth,
    'qwen35.ssm.state_size': headWidth,
    'qwen35.ssm.time_step_rank': heads,
    'qwen35.ssm.group_count': heads,
  },
  block: (i) => [...plainFeedForward(i), ...(i === 1 ? gatedAttention(i) : deltaNet(i))],
  innerNorm: 'post_attention_norm',
};

/** By the names that llama.cpp gives them. */
const kinds: Readonly<Record<string, Kind>> = {
  llama: { block: plain },
  mistral3: { block: plain },
  smollm3: { block: plain },
  gemma2: {
    metadata: {
      ...gemmaMetadata('gemma2'),
      'gemma2.attn_logit_softcapping': { float: 50 },
      'gemma2.final_logit_softcapping': { float: loadableSoftcap },
    },
    block: gemma,
    tied: true,
  },
  gemma3: { metadata: gemmaMetadata('gemma3'), block: (i) => [...gemma(i), ...normed(i)] },
  qwen2: {
    block: (i) => [
      ...plain(i),
      vector(`blk.${i}.attn_q.bias`, loadableWidth),
      vector(`blk.${i}.attn_k.bias`, headWidth),
      vector(`blk.${i}.attn_v.bias`, headWidth),
    ],
  },
  qwen3: { block: (i) => [...plain(i), ...normed(i)] },
  phi3: {
    block: (i) => [
      matrix(`blk.${i}.attn_qkv.weight`, loadableWidth, loadableWidth + 2 * headWidth),
      attentionOutput(i),
      matrix(`blk.${i}.ffn_up.weight`, loadableWidth, 2 * inner),
    ],
  },
  granite: {
    metadata: {
      'granite.logit_scale': { float: 8 },
      'granite.residual_scale': { float: 0.25 },
      'granite.embedding_scale': { float: 12 },
      'granite.attention.scale': { float: 0.02 },
    },
    block: plain,
  },
  granitehybrid: {
    metadata: {
      'granitehybrid.logit_scale': { float: 8 },
      'granitehybrid.residual_scale': { float: 0.25 },
      'granitehybrid.embedding_scale': { float: 12 },
      'granitehybrid.attention.scale': { float: 0.02 },
      'granitehybrid.attention.head_count_kv': { i32: [0, 1, 0] },
      'granitehybrid.ssm.conv_kernel': 4,
      'granitehybrid.ssm.inner_size': inner,
      'granitehybrid.ssm.state_size': stateSize,
      'granitehybrid.ssm.time_step_rank': heads,
      'granitehybrid.ssm.group_count': 1,
    },
    block: (i) => [...plainFeedForward(i), ...(i === 1 ? plainAttention(i) : stateSpace(i))],
  },
  lfm2: {
    metadata: { 'lfm2.attention.head_count_kv': { i32: [0, 1, 0] }, 'lfm2.shortconv.l_cache': 3 },
    block: (i) => [...plainFeedForward(i), ...(i === 1 ? [...plainAttention(i), ...normed(i)] : convolution(i))],
    tied: true,
    norm: 'token_embd_norm',
  },
  qwen35,
  'qwen35-mtp': {
    ...qwen35,
    architecture: 'qwen35',
    metadata: { ...qwen35.metadata, 'qwen35.nextn_predict_layers': 1 },
    further: (i) => [
      ...plainFeedForward(i),
      ...gatedAttention(i),
      matrix(`blk.${i}.nextn.eh_proj.weight`, 2 * loadableWidth, loadableWidth),
      vector(`blk.${i}.nextn.enorm.weight`, loadableWidth, 1),
      vector(`blk.${i}.nextn.hnorm.weight`, loadableWidth, 1),
    ],
  },
};
export const loadableArchitectures = Object.keys(kinds);
/** Those of which some blocks carry a state from token to token. */
export const loadableHybrids = ['granitehybrid', 'lfm2', 'qwen35', 'qwen35-mtp'];

/**
 * A model that llama.cpp loads and computes with, of weights that mean nothing.
 * @param isTied without an output matrix of its own; some kinds never have one
 */
export function loadable(kind: string, isTied = false): Buffer {
  const { metadata = {}, block, tied = isTied, further, ...names } = kinds[kind] as Kind;
  const { architecture = kind, norm = 'output_norm', innerNorm = 'ffn_norm' } = names;
  const all = [...Array.from({ length: blocks }, () => block), ...(further === undefined ? [] : [further])];
  const layers = all.map((tensorsOf, i) => [
    vector(`blk.${i}.attn_norm.weight`, loadableWidth, 1),
    ...tensorsOf(i),
    vector(`blk.${i}.${innerNorm}.weight`, loadableWidth, 1),
    matrix(`blk.${i}.ffn_down.weight`, inner, loadableWidth),
  ]);
  return ggufFile(
    {
      'general.architecture': architecture,
      'general.name': 'Loadable',
      [`${architecture}.context_length`]: 256,
      [`${architecture}.embedding_length`]: loadableWidth,
      [`${architecture}.block_count`]: layers.length,
      [`${architecture}.feed_forward_length`]: inner,
      [`${architecture}.attention.head_count`]: heads,
      [`${architecture}.attention.head_count_kv`]: 1,
      [`${architecture}.attention.layer_norm_rms_epsilon`]: { float: 1e-5 },
      [`${architecture}.rope.dimension_count`]: headWidth,
      [`${architecture}.vocab_size`]: tokens.length,
      ...metadata,
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.scores': { f32: tokens.map((_, id) => -id) },
      'tokenizer.ggml.token_type': { i32: tokenTypes },
    },
    [
      matrix('token_embd.weight', loadableWidth, tokens.length),
      ...layers.flat(),
      vector(`${norm}.weight`, loadableWidth, 1),
      ...(tied ? [] : [matrix('output.weight', loadableWidth, tokens.length)]),
    ],
  );
}

function matrix(name: string, width: number, rows: number): TinyTensor {
  return { name, shape: [width, rows], type: 0, data: floats(name, width * rows, 0, 1 / Math.sqrt(width)) };
}

/** @param middle that the values lie around */
function vector(name: string, width: number, middle = 0): TinyTensor {
  return { name, shape: [width], type: 0, data: floats(name, width, middle, 0.3) };
}

/** Numbers that the name decides. */
function floats(name: string, count: number, middle: number, spread: number): Buffer {
  const seed = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7);
  const values = Float32Array.from(
    { length: count },
    (_, i) => middle + spread * 1.4 * Math.sin((i + 1) * 12.9898 + seed * 78.233 + Math.sin(i * 0.7 + seed) * 43),
  );
  return Buffer.from(values.buffer);
}
