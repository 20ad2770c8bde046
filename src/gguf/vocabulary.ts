import { modelError } from '../errors.js';
import { readGgufHeader } from './header.js';
import type { GgufHeader } from './types.js';

/** The tokenizer of a model file. A token's id is its place in `tokens`. */
export interface Vocabulary {
  /**
   * `spm`: tokens are text, with ▁ for a space. `bpe`: tokens are bytes, each written as one character of the
   * alphabet of GPT-2 (`byteCharacters`), except those that are not `ordinary`.
   */
  readonly kind: 'spm' | 'bpe';
  readonly tokens: readonly string[];
  /** Whether merging can lead to the token: false for control, user-defined, unknown and byte tokens. */
  ordinary(id: number): boolean;
  /** `left right`, the one that is applied first standing first. Empty for `spm`, which goes by scores. */
  readonly merges: readonly string[];
  /** Tokens with a role: begin, end, unknown, padding …, also where llama.cpp takes the id from its defaults. */
  readonly roles: readonly TokenRole[];
}

export interface TokenRole {
  /** Key of the metadata. */
  readonly key: string;
  readonly id: number;
  /** Whether the file says so; else it is llama.cpp's default. */
  readonly stated: boolean;
}

/** llama_token_type in llama.h: unknown, control, user defined, byte. */
const extraordinaryTypes = new Set([2, 3, 4, 6]);

/** Roles that llama_vocab::impl::load assumes where the file does not say. */
const defaultRoles = {
  spm: { bos: 1, eos: 2, unknown: 0 },
  bpe: { bos: 11, eos: 11 },
} as const;

/**
 * Splitters of byte-level BPE that were looked up in llama-vocab.cpp: bytes are encoded, spaces not escaped, and
 * where words are cut depends on the text alone. `gemma4`, `sarvam-moe` and `whitespace` are otherwise.
 */
const byteLevel = new Set([
  'default',
  'gpt-2',
  'smollm',
  'llama-bpe',
  'llama3',
  'llama-v3',
  'falcon3',
  'falcon-h1',
  'lfm2',
  'dbrx',
  'pixtral',
  'smaug-bpe',
  'qwen2',
  'qwen35',
  'refact',
  'starcoder',
  'granite-docling',
  'deepseek-r1-qwen',
  'tekken',
  'gpt-4o',
]);

const tokensKey = 'tokenizer.ggml.tokens';
const typesKey = 'tokenizer.ggml.token_type';
const mergesKey = 'tokenizer.ggml.merges';

/** Reads the tokenizer of a model file (0.1 s for 262,144 tokens). Throws a modelError for kinds not understood. */
export function readVocabulary(path: string): Vocabulary {
  const header = readGgufHeader(path, { arrays: [tokensKey, typesKey, mergesKey] });
  const kind = kindOf(header);
  const tokens = listOf(header, tokensKey) as string[];
  if (tokens.length === 0) throw modelError(`${path} has no list of tokens.`);
  const types = listOf(header, typesKey) as number[];
  return {
    kind,
    tokens,
    ordinary: (id) => !extraordinaryTypes.has(types[id] ?? 1),
    merges: listOf(header, mergesKey) as string[],
    roles: rolesOf(header, kind, tokens.length),
  };
}

function kindOf(header: GgufHeader): 'spm' | 'bpe' {
  const model = header.metadata.get('tokenizer.ggml.model')?.value;
  if (model === 'llama') return 'spm';
  const splitter = header.metadata.get('tokenizer.ggml.pre')?.value ?? 'default';
  if (model === 'gpt2' && byteLevel.has(String(splitter))) return 'bpe';
  const name = model === 'gpt2' ? `${model}/${String(splitter)}` : String(model ?? 'none');
  throw modelError(
    `The tokenizer of ${header.path} (${name}) is not one whose vocabulary can be cut.`,
    'Keep all tokens: only SentencePiece and the usual byte-level BPE are understood.',
  );
}

function listOf(header: GgufHeader, key: string): readonly unknown[] {
  const value = header.metadata.get(key)?.value;
  return typeof value === 'object' ? (value.values ?? []) : [];
}

function rolesOf(header: GgufHeader, kind: 'spm' | 'bpe', size: number): TokenRole[] {
  const stated = [...header.metadata.values()]
    .filter(({ key, value }) => isRoleKey(key) && typeof value === 'number')
    .map(({ key, value }) => ({ key, id: Number(value), stated: true }));
  const silent = Object.entries(defaultRoles[kind])
    .map(([name, id]) => ({ key: `tokenizer.ggml.${name}_token_id`, id, stated: false }))
    .filter(({ key, id }) => !header.metadata.has(key) && id < size);
  return [...stated, ...silent];
}

/** Returns whether a metadata key holds the id of a token. */
export function isRoleKey(key: string): boolean {
  return /^tokenizer\.ggml\.\w+_token_id$/u.test(key);
}

/**
 * The character that byte-level BPE writes for each byte: printable bytes of Latin-1 stand for themselves, the
 * others follow from U+0100 on (bytes_to_unicode in encoder.py of GPT-2).
 */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
})();
