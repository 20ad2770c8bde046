import type { LocalEngine, Prompt } from '../../types.js';
import { openEmbedder } from './open-embedder.js';
import { openEngine } from './open-engine.js';
import type { EngineOptions } from './options.js';
import { readingSpeed, recordTexts, sharedText } from './speed-probe.js';

/** How fast a model is with the default settings for streams of records, and the memory that it takes. */
export interface ModelSpeed {
  /** New tokens that are read in a second. */
  readonly readPerSecond: number;
  /** Tokens that are generated in a second, on all slots together; null for an embedding model. */
  readonly generatedPerSecond: number | null;
  /** By how many bytes the process grew. */
  readonly memory: number;
}

export interface ModelSpeedOptions {
  /** Whether it is an embedding model. */
  readonly embeds: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Resident bytes of the process. */
  readonly resident: () => number;
  readonly signal: AbortSignal;
}

const generatedTokens = 32;

/** Reads some records and continues one on each slot. */
export async function measureModel(
  model: Pick<EngineOptions, 'path' | 'name' | 'sha256'>,
  { embeds, now, resident, signal }: ModelSpeedOptions,
): Promise<ModelSpeed> {
  signal.throwIfAborted();
  const before = resident();
  if (embeds) return measureEmbedder();
  const engine = await openEngine({ ...model, signal });
  try {
    const { tokensPerSecond } = await readingSpeed(engine, now);
    const generatedPerSecond = await generatingSpeed(engine, now);
    return { readPerSecond: tokensPerSecond, generatedPerSecond, memory: resident() - before };
  } finally {
    await engine.dispose();
  }

  async function measureEmbedder(): Promise<ModelSpeed> {
    const embedder = await openEmbedder({ ...model, signal });
    try {
      const texts = recordTexts(1);
      await embedder.embed(texts.slice(0, 1));
      const start = now();
      await embedder.embed(texts);
      const seconds = (now() - start) / 1000;
      const tokens = texts.reduce((sum, text) => sum + embedder.countTokens(text), 0);
      return { readPerSecond: tokens / seconds, generatedPerSecond: null, memory: resident() - before };
    } finally {
      await embedder.dispose();
    }
  }
}

/** A text on each slot after a prompt that was read before. Null where the model ends every text at once. */
async function generatingSpeed(engine: LocalEngine, now: () => number): Promise<number | null> {
  const prefix = [[...engine.bos, ...engine.tokenize(sharedText)]];
  const prompts = recordTexts(engine.slots)
    .slice(0, engine.slots)
    .map((text): Prompt => ({ prefix, input: engine.tokenize(text.replace(/\nMood:$/u, ' And')) }));
  const generate = (maxTokens: number) => Promise.all(prompts.map((prompt) => engine.generate(prompt, { maxTokens })));
  // What is read of the prompt is no part of the time.
  const short = await timed(1);
  const long = await timed(generatedTokens);
  const tokens = long.tokens - short.tokens;
  return tokens > 0 && long.ms > short.ms ? (tokens * 1000) / (long.ms - short.ms) : null;

  async function timed(maxTokens: number) {
    await generate(1);
    const start = now();
    const all = await generate(maxTokens);
    return { ms: now() - start, tokens: all.reduce((sum, { tokens }) => sum + tokens, 0) };
  }
}
