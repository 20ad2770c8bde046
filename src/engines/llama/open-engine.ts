import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Llama, LlamaModel, Token as NativeToken } from 'node-llama-cpp';
import { failure } from '../../errors.js';
import type { EngineUsage, LocalEngine } from '../../types.js';
import { cpuBudget } from '../cpu-budget.js';
import { defaultShape } from '../shape.js';
import { defaultArithmetic } from './arithmetic.js';
import { loadedModel, startModel } from './load-model.js';
import { capabilities, type EngineOptions } from './options.js';
import { LlamaVocabularyType } from './patches/library.js';
import { createCollector } from './patches/native-memory.js';
import { openPrefixStore } from './prefix-identity.js';
import { Slot } from './slot.js';
import { SlotPool } from './slot-pool.js';

const defaultContextSize = 2048;

/**
 * Loads a GGUF file.
 * @throws SlmError of kind `model` when the file cannot be loaded
 */
export async function openEngine(options: EngineOptions): Promise<LocalEngine> {
  const shape = options.shape ?? defaultShape(Math.max(1, options.threads ?? cpuBudget()), options.parallel ?? 'many');
  const { slots, threadsPerSlot } = shape;
  const { llama, model } = await startModel(options, slots * threadsPerSlot);
  const trained = model.trainContextSize;
  const contextSize = Math.min(options.contextSize ?? defaultContextSize, trained);
  const arithmetic = { ...defaultArithmetic, ...options.arithmetic };
  const prefixes = openPrefixStore(options, { contextSize, threads: threadsPerSlot, arithmetic });
  const collect = createCollector();
  const states = options.values === undefined ? null : await privateFolder();
  let made = 0;
  const pool = new SlotPool(
    slots,
    () =>
      Slot.create(llama, model, {
        path: options.path,
        values:
          states === null || options.values === undefined
            ? null
            : { places: options.values, file: path.join(states, `${made++}`) },
        contextSize,
        threads: threadsPerSlot,
        arithmetic,
        prefixes,
        onCall: () => {
          options.signal?.throwIfAborted();
          collect();
        },
      }),
    options.signal,
  );
  return engineOf(llama, model, pool, { ...options, slots, contextSize, states });
}

function engineOf(
  llama: Llama,
  model: LlamaModel,
  pool: SlotPool,
  options: EngineOptions & { slots: number; contextSize: number; states: string | null },
): LocalEngine {
  const { metadata } = model.fileInfo;
  const embeddedTemplate = metadata.tokenizer.chat_template ?? null;
  const chatTemplate = options.chatTemplate ?? embeddedTemplate;
  const { ggml } = metadata.tokenizer;
  const addsSpace = model.vocabularyType === LlamaVocabularyType.spm && ggml.add_space_prefix !== false;
  const tokenize: LocalEngine['tokenize'] = (text, { special = false } = {}) =>
    text === ''
      ? []
      : // We tokenise in pieces; models that put a space before every text would do so before each piece.
        model.tokenize(text, special, addsSpace ? 'trimLeadingSpace' : undefined);
  return {
    model: {
      ...loadedModel(model, options, options.contextSize),
      format: options.format ?? (chatTemplate === null ? 'base' : 'chat'),
      chatTemplate,
    },
    capabilities,
    slots: options.slots,
    countTokens: (text) => tokenize(text).length,
    bos: model.tokens.shouldPrependBosToken && model.tokens.bos !== null ? [model.tokens.bos] : [],
    tokenize,
    detokenize: (tokens) => model.detokenize(tokens as NativeToken[], true),
    scoreContinuations: (prompt, continuations) =>
      pool.use(prompt, (slot) => slot.scoreContinuations(prompt, continuations)),
    scoreNext: (prompt, positions, tokens) => pool.use(prompt, (slot) => slot.scoreNext(prompt, positions, tokens)),
    headScores: (prompt, positions, count) => pool.use(prompt, (slot) => slot.readOutputs(prompt, positions, count)),
    decode: (prompt, next, decodeOptions) => pool.use(prompt, (slot) => slot.decode(prompt, next, decodeOptions)),
    generate: (prompt, generateOptions) => pool.use(prompt, (slot) => slot.generate(prompt, generateOptions)),
    hold: (work) => pool.hold(work),
    beside: (work) => pool.beside(work),
    usage: () => usageOf(pool.slots),
    dispose: async () => {
      const { states, signal } = options;
      // First of all where the process is ending: it may have no time for the rest.
      if (states !== null && signal?.aborted === true) rmSync(states, { recursive: true, force: true });
      await pool.dispose();
      await llama.dispose();
      if (states !== null) await rm(states, { recursive: true, force: true });
    },
  };
}

/** A folder that only this user can look into; in memory where the system has such a place. */
async function privateFolder(): Promise<string> {
  for (const parent of ['/dev/shm', tmpdir()]) {
    try {
      return await mkdtemp(path.join(parent, 'slm-'));
    } catch {
      // Not there, or not ours to write to.
    }
  }
  throw failure(`there is no folder for temporary files: ${tmpdir()}`, 'Set TMPDIR to one that you can write to.');
}

function usageOf(slots: readonly Slot[]): EngineUsage {
  const sum = (pick: (slot: Slot) => number) => slots.reduce((total, slot) => total + pick(slot), 0);
  return {
    evaluatedTokens: sum((slot) => slot.evaluatedTokens),
    prefixTokens: sum((slot) => slot.prefixTokens),
    generatedTokens: sum((slot) => slot.generatedTokens),
    reusedTokens: sum((slot) => slot.reusedTokens),
  };
}
