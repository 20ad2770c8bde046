import { fileTypes, tensorTypes } from './tensor-types.js';
import type { GgufHeader } from './types.js';

/** The facts about a model file that people ask for. Null where the file does not say. */
export interface GgufSummary {
  readonly architecture: string;
  readonly name: string | null;
  readonly license: string | null;
  /** Quantisation of the file, e.g. `Q4_K_M`; the commonest tensor type when the file does not say. */
  readonly quant: string;
  /** Number of weights. */
  readonly parameters: number;
  /** Tokens the model was trained for. */
  readonly contextLength: number | null;
  /** Blocks that every token goes through. */
  readonly blockCount: number | null;
  readonly embeddingLength: number | null;
  readonly vocabularySize: number | null;
  readonly chatTemplate: string | null;
  readonly tensorCount: number;
  readonly tensorBytes: number;
}

export function summarize(header: GgufHeader): GgufSummary {
  const architecture = architectureName(header);
  return {
    architecture,
    name: text(header, 'general.name'),
    license: text(header, 'general.license'),
    quant: quantOf(header),
    parameters: header.tensors.reduce((sum, tensor) => sum + tensor.shape.reduce((n, size) => n * size, 1), 0),
    contextLength: number(header, `${architecture}.context_length`),
    blockCount: blockCountOf(header),
    embeddingLength: number(header, `${architecture}.embedding_length`),
    vocabularySize: vocabularySize(header, architecture),
    chatTemplate: text(header, 'tokenizer.chat_template'),
    tensorCount: header.tensors.length,
    tensorBytes: header.tensors.reduce((sum, tensor) => sum + (tensor.bytes ?? 0), 0),
  };
}

/** Blocks that every token goes through: without those that guess further tokens, which stand after them. */
export function blockCountOf(header: GgufHeader): number | null {
  const architecture = architectureName(header);
  const all = number(header, `${architecture}.block_count`);
  return all === null ? null : all - (number(header, `${architecture}.${furtherBlocksKey}`) ?? 0);
}

/** Number of blocks that guess further tokens (multi-token prediction). */
export const furtherBlocksKey = 'nextn_predict_layers';

/** Name of the architecture, which its keys begin with. Every model that passed the check has one. */
export function architectureName(header: GgufHeader): string {
  return text(header, 'general.architecture') ?? 'unknown';
}

/** Bytes of the tensors that have a row for each token. */
export function tokenBytes(header: GgufHeader): number {
  return header.tensors
    .filter(({ name }) => name === 'token_embd.weight' || name === 'output.weight')
    .reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

function text(header: GgufHeader, key: string): string | null {
  const value = header.metadata.get(key)?.value;
  return typeof value === 'string' ? value : null;
}

/** A number of the metadata, or null. */
export function number(header: GgufHeader, key: string): number | null {
  const value = header.metadata.get(key)?.value;
  return typeof value === 'number' ? value : null;
}

function vocabularySize(header: GgufHeader, architecture: string): number | null {
  const tokens = header.metadata.get('tokenizer.ggml.tokens')?.value;
  if (typeof tokens === 'object') return tokens.length;
  return number(header, `${architecture}.vocab_size`);
}

function quantOf(header: GgufHeader): string {
  const declared = number(header, 'general.file_type');
  const known = declared === null ? undefined : fileTypes[declared];
  if (known !== undefined) return known;
  const weights = new Map<string, number>();
  for (const tensor of header.tensors) {
    const name = tensorTypes[tensor.type]?.[0] ?? `type ${tensor.type}`;
    weights.set(name, (weights.get(name) ?? 0) + tensor.shape.reduce((n, size) => n * size, 1));
  }
  const [commonest] = [...weights].sort((a, b) => b[1] - a[1]);
  return commonest?.[0] ?? 'unknown';
}
