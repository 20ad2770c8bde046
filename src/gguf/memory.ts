import { number, summarize } from './summary.js';
import type { GgufHeader } from './types.js';

/** Estimated memory for one context, bytes. */
export interface MemoryEstimate {
  readonly contextTokens: number;
  readonly weights: number;
  readonly cache: number;
  readonly overhead: number;
  readonly total: number;
}

/** The batch that the engine uses: 512 costs four times the memory and saves no time. */
const batchTokens = 128;
/** Node, the library and the parsed vocabulary: what remains of the resident size of the two default models. */
const runtimeBytes = 100_000_000;

/**
 * weights  = the tensors of the file (mapped into memory)
 * cache    = tokens × Σ over layers of key/value heads × (key length + value length) × 2 bytes (F16, full size:
 *            the engine keeps sliding-window layers whole, so that a prefix can be reused)
 * overhead = 128 tokens a batch × vocabulary × 4 bytes (the output of a batch) + 100 MB for Node and the library
 * Every further context adds cache and output again. Models without attention (Mamba) have less cache than this.
 */
export function estimateMemory(header: GgufHeader, contextTokens: number): MemoryEstimate {
  const summary = summarize(header);
  const weights = summary.tensorBytes;
  const cache = contextTokens * cacheBytesPerToken(header, summary.architecture);
  const overhead = batchTokens * (summary.vocabularySize ?? 0) * 4 + runtimeBytes;
  return { contextTokens, weights, cache, overhead, total: weights + cache + overhead };
}

function cacheBytesPerToken(header: GgufHeader, architecture: string): number {
  const key = (name: string) => `${architecture}.${name}`;
  const layers = number(header, key('block_count')) ?? 0;
  const heads = number(header, key('attention.head_count')) ?? 1;
  const perHead = (number(header, key('embedding_length')) ?? 0) / Math.max(1, heads);
  const keyLength = number(header, key('attention.key_length')) ?? perHead;
  const valueLength = number(header, key('attention.value_length')) ?? perHead;
  return keyValueHeads(header, key('attention.head_count_kv'), layers, heads) * (keyLength + valueLength) * 2;
}

/** Key/value heads summed over the layers. Some models have a number for each layer. */
function keyValueHeads(header: GgufHeader, key: string, layers: number, heads: number): number {
  const value = header.metadata.get(key)?.value;
  if (typeof value === 'object' && value.values !== null) {
    return value.values.reduce<number>((sum, n) => sum + Number(n), 0);
  }
  return layers * (typeof value === 'number' ? value : heads);
}
