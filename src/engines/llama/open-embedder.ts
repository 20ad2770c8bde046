import type { LlamaEmbeddingContext, LlamaModel, Token as NativeToken } from 'node-llama-cpp';
import type { EngineWith } from '../../types.js';
import { cpuBudget } from '../cpu-budget.js';
import { loadedModel, startModel } from './load-model.js';
import { checkFinite } from './no-numbers.js';
import { type EmbedderOptions, embedderCapabilities } from './options.js';
import { openEmbeddingContext } from './patches/embedding-context.js';

const defaultContextSize = 512;
/** Most tokens that are put around a text: one before it, one behind it. */
const marks = 2;
/** Texts of up to so many tokens are read without flash attention. */
const shortText = 96;

/** The contexts of a thread, one for each kind of texts, and how many texts wait for them. */
interface Slot {
  readonly contexts: Map<'short' | 'long', Promise<LlamaEmbeddingContext>>;
  waiting: number;
}

/**
 * Loads a GGUF file of an embedding model: a context for each thread, since its texts are short and one thread a text is
 * the fastest.
 * @throws SlmError of kind `model` when the file cannot be loaded
 */
export async function openEmbedder(options: EmbedderOptions): Promise<EngineWith<'embeddings'>> {
  const threads = Math.max(1, options.threads ?? cpuBudget());
  const { llama, model } = await startModel(options, threads);
  const contextSize = Math.min(options.contextSize ?? defaultContextSize, model.trainContextSize);
  const slots = Array.from({ length: threads }, (): Slot => ({ contexts: new Map(), waiting: 0 }));
  const mostTokens = contextSize - 1 - marks;
  let evaluatedTokens = 0;

  async function embedOne(text: string): Promise<Float32Array> {
    const tokens = model.tokenize(text);
    if (tokens.length > mostTokens) return embedParts(tokens);
    // A text of nothing still has a vector: that of the marks around it.
    return embedTokens(tokens.length > 0 ? tokens : markOf(model));
  }

  /** The mean of parts that are about as long as each other, each as much as it has tokens. */
  async function embedParts(tokens: readonly NativeToken[]): Promise<Float32Array> {
    const count = Math.ceil(tokens.length / mostTokens);
    const at = (part: number) => Math.round((part * tokens.length) / count);
    const parts = Array.from({ length: count }, (_, part) => tokens.slice(at(part), at(part + 1)));
    const vectors = await Promise.all(parts.map(embedTokens));
    const sum = new Float32Array(model.embeddingVectorSize);
    vectors.forEach((vector, part) => {
      for (let i = 0; i < sum.length; i++) {
        sum[i] = (sum[i] as number) + (vector[i] as number) * (parts[part] as NativeToken[]).length;
      }
    });
    return unit(sum);
  }

  async function embedTokens(tokens: NativeToken[]): Promise<Float32Array> {
    options.signal?.throwIfAborted();
    const slot = slots.reduce((a, b) => (b.waiting < a.waiting ? b : a));
    slot.waiting++;
    try {
      const { vector } = await (await contextFor(slot, tokens.length)).getEmbeddingFor(tokens);
      evaluatedTokens += tokens.length + marks;
      return checkFinite(unit(vector), options.path);
    } finally {
      slot.waiting--;
    }
  }

  /** The context depends on the length of the text alone, so that a text always has the same vector. */
  function contextFor({ contexts }: Slot, tokens: number): Promise<LlamaEmbeddingContext> {
    const kind = tokens + marks <= shortText ? 'short' : 'long';
    const known = contexts.get(kind);
    if (known !== undefined) return known;
    const made = openEmbeddingContext(model, {
      contextSize: kind === 'short' ? Math.min(contextSize, shortText + 1) : contextSize,
      threads: 1,
      flashAttention: kind === 'long',
    });
    contexts.set(kind, made);
    return made;
  }

  return {
    model: {
      ...loadedModel(model, options, contextSize),
      format: 'base',
      chatTemplate: null,
    },
    capabilities: embedderCapabilities,
    slots: threads,
    dimensions: model.embeddingVectorSize,
    prefixes: { text: '', query: '', passage: '', ...options.textPrefixes },
    countTokens: (text) => model.tokenize(text).length + marks,
    embed: (texts) => Promise.all(texts.map(embedOne)),
    hold: (work) => work(),
    beside: () => null,
    usage: () => ({ evaluatedTokens, prefixTokens: 0, generatedTokens: 0, reusedTokens: 0 }),
    async dispose() {
      const contexts = slots.flatMap(({ contexts }) => [...contexts.values()]);
      await Promise.all(contexts.map(async (context) => (await context).dispose()));
      await llama.dispose();
    },
  };
}

function markOf(model: LlamaModel): NativeToken[] {
  const { bos, sep, eos } = model.tokens;
  return [bos ?? sep ?? eos ?? (0 as NativeToken)];
}

function unit(vector: ArrayLike<number>): Float32Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += (vector[i] as number) ** 2;
  const length = Math.sqrt(squares) || 1;
  return Float32Array.from(vector, (value) => value / length);
}
