import type { LlamaEmbeddingContext, LlamaModel, Token as NativeToken } from 'node-llama-cpp';
import type { EngineWith } from '../../types.js';
import { cpuBudget } from '../cpu-budget.js';
import { loadedModel, startModel } from './load-model.js';
import { type EmbedderOptions, embedderCapabilities } from './options.js';

const defaultContextSize = 512;
/** Most tokens that are put around a text: one before it, one behind it. */
const marks = 2;

/** A context and how many texts wait for it. */
interface Slot {
  readonly context: Promise<LlamaEmbeddingContext>;
  waiting: number;
}

/**
 * Loads a GGUF file of an embedding model: a context for each thread, since its texts are short and one thread a text is
 * the fastest.
 * @throws SlmError of kind `model` when the file cannot be loaded
 */
export async function openEmbedder(options: EmbedderOptions): Promise<EngineWith<'embeddings'>> {
  const slots = Math.max(1, options.threads ?? cpuBudget());
  const { llama, model } = await startModel(options, slots);
  const contextSize = Math.min(options.contextSize ?? defaultContextSize, model.trainContextSize);
  const contexts: Slot[] = [];
  let evaluatedTokens = 0;

  /** The one that is free, a new one, or the one that fewest texts wait for. */
  function nextSlot(): Slot {
    const free = contexts.find(({ waiting }) => waiting === 0);
    if (free !== undefined) return free;
    if (contexts.length === slots) return contexts.reduce((a, b) => (b.waiting < a.waiting ? b : a));
    // An encoder looks at all tokens at once: a batch has to hold the whole text.
    const context = model.createEmbeddingContext({ contextSize, batchSize: contextSize, threads: 1 });
    const slot = { context, waiting: 0 };
    contexts.push(slot);
    return slot;
  }

  async function embedOne(text: string): Promise<Float32Array> {
    options.signal?.throwIfAborted();
    const tokens = model.tokenize(text).slice(0, contextSize - 1 - marks);
    // A text of nothing still has a vector: that of the marks around it.
    const input = tokens.length > 0 ? tokens : markOf(model);
    const slot = nextSlot();
    slot.waiting++;
    try {
      const { vector } = await (await slot.context).getEmbeddingFor(input);
      evaluatedTokens += input.length + marks;
      return unit(vector);
    } finally {
      slot.waiting--;
    }
  }

  return {
    model: {
      ...loadedModel(model, options, contextSize),
      format: 'base',
      chatTemplate: null,
    },
    capabilities: embedderCapabilities,
    slots,
    dimensions: model.embeddingVectorSize,
    countTokens: (text) => model.tokenize(text).length + marks,
    embed: (texts) => Promise.all(texts.map(embedOne)),
    hold: (work) => work(),
    usage: () => ({ evaluatedTokens, prefixTokens: 0, generatedTokens: 0, reusedTokens: 0 }),
    async dispose() {
      await Promise.all(contexts.map(async ({ context }) => (await context).dispose()));
      await llama.dispose();
    },
  };
}

function markOf(model: LlamaModel): NativeToken[] {
  const { bos, sep, eos } = model.tokens;
  return [bos ?? sep ?? eos ?? (0 as NativeToken)];
}

function unit(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector) || 1;
  return Float32Array.from(vector, (value) => value / length);
}
