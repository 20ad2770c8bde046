import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Llama, LlamaModel, Token as NativeToken } from 'node-llama-cpp';
import { failure, messageOf, modelError } from '../../errors.js';
import type { ValuePlace } from '../../gguf/value-blocks.js';
import type { Engine, EngineUsage } from '../../types.js';
import { cpuBudget } from '../cpu-budget.js';
import { type Accelerator, startBackend } from './backend.js';
import { isMapped } from './memory-map.js';
import { readHeadersFast } from './patches/file-info.js';
import type { HeadStart } from './patches/head-start.js';
import { LlamaVocabularyType } from './patches/library.js';
import { createCollector } from './patches/native-memory.js';
import { openPrefixStore } from './prefix-identity.js';
import { defaultShape, type Shape } from './shape.js';
import { type Arithmetic, defaultArithmetic, Slot } from './slot.js';
import { SlotPool } from './slot-pool.js';

export interface EngineOptions {
  readonly path: string;
  readonly name?: string;
  readonly sha256?: string | null;
  /** Whether the file was made of the model that `name` and `sha256` say. */
  readonly derived?: boolean;
  /** `chat` models get the chat prompt of a profile. Defaults to whether the file has a template. */
  readonly format?: 'base' | 'chat';
  /** Overrides the file's own template (Jinja). */
  readonly chatTemplate?: string;
  /** Tokens a slot holds. Defaults to 2,048, or the trained length if that is shorter. */
  readonly contextSize?: number;
  /** Threads in all. Defaults to what affinity and cgroup allow. */
  readonly threads?: number;
  /**
   * `many` is for streams of records (on 2 cores twice the records a second of one slot, and steady beside other
   * work), `one` for a single record; shape.ts says what comes of it.
   */
  readonly parallel?: 'one' | 'many';
  /** What was found best on this machine, in place of what `threads` and `parallel` would give. */
  readonly shape?: Shape;
  /** Another batch, or another way of attention, than results are computed with: they give other numbers. */
  readonly arithmetic?: Partial<Arithmetic>;
  readonly accelerator?: Accelerator;
  readonly onLog?: (line: string) => void;
  /** For files with blocks whose values are their outputs: where these are. */
  readonly values?: readonly ValuePlace[];
  /** The model under way (head-start.ts). */
  readonly headStart?: HeadStart | null;
  /** Ends what is under way: calls are rejected at once; llama.cpp itself ends the batch that it is at. */
  readonly signal?: AbortSignal;
  /** Where evaluated prefixes are kept for the next process, and the time. Defaults to nowhere. */
  readonly prefixes?: { readonly directory: string; readonly now: () => number };
}

const defaultContextSize = 2048;

/**
 * Loads a GGUF file.
 * @throws SlmError of kind `model` when the file cannot be loaded
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const shape = options.shape ?? defaultShape(Math.max(1, options.threads ?? cpuBudget()), options.parallel ?? 'many');
  const { slots, threadsPerSlot } = shape;
  const [llama] = await Promise.all([
    startBackend({
      accelerator: options.accelerator ?? 'cpu',
      threads: slots * threadsPerSlot,
      onLog: options.onLog ?? (() => undefined),
      headStart: options.headStart ?? null,
    }),
    readHeadersFast(),
  ]);
  const model = await loadModel(llama, options);
  if (options.signal?.aborted === true) {
    await disposed(llama);
    options.signal.throwIfAborted();
  }
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

async function loadModel(llama: Llama, options: EngineOptions): Promise<LlamaModel> {
  try {
    return await llama.loadModel({
      modelPath: options.path,
      useMmap: isMapped(options.path),
      ...(options.accelerator === undefined || options.accelerator === 'cpu' ? { gpuLayers: 0 } : {}),
    });
  } catch (error) {
    await disposed(llama);
    throw modelError(
      `llama.cpp cannot load ${options.path}: ${messageOf(error)}`,
      'The file may be damaged (`slm models verify`), or too new for this version of llama.cpp.',
      error,
    );
  }
}

const disposalMs = 1000;

/** Waits for the end of a backend, but not for ever: a model whose making failed halfway may keep it from ending. */
async function disposed(llama: Llama): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, disposalMs);
  });
  await Promise.race([llama.dispose().catch(() => undefined), timeout]);
  clearTimeout(timer);
}

function engineOf(
  llama: Llama,
  model: LlamaModel,
  pool: SlotPool,
  options: EngineOptions & { slots: number; contextSize: number; states: string | null },
): Engine {
  const { metadata } = model.fileInfo;
  const embeddedTemplate = metadata.tokenizer.chat_template ?? null;
  const chatTemplate = options.chatTemplate ?? embeddedTemplate;
  const { ggml } = metadata.tokenizer;
  const addsSpace = model.vocabularyType === LlamaVocabularyType.spm && ggml.add_space_prefix !== false;
  return {
    model: {
      name: options.name ?? path.basename(options.path, '.gguf'),
      path: options.path,
      sha256: options.sha256 ?? null,
      architecture: metadata.general.architecture,
      format: options.format ?? (chatTemplate === null ? 'base' : 'chat'),
      chatTemplate,
      bosText: model.tokens.bosString ?? '',
      eosText: model.tokens.eosString ?? '',
      contextSize: options.contextSize,
      vocabularySize: model.fileInfo.metadata.tokenizer.ggml.tokens.length,
    },
    capabilities: ['scores', 'generation', 'features'],
    slots: options.slots,
    bos: model.tokens.shouldPrependBosToken && model.tokens.bos !== null ? [model.tokens.bos] : [],
    tokenize: (text, { special = false } = {}) =>
      text === ''
        ? []
        : // We tokenise in pieces; models that put a space before every text would do so before each piece.
          model.tokenize(text, special, addsSpace ? 'trimLeadingSpace' : undefined),
    detokenize: (tokens) => model.detokenize(tokens as NativeToken[], true),
    scoreContinuations: (prompt, continuations) =>
      pool.use(prompt, (slot) => slot.scoreContinuations(prompt, continuations)),
    scoreNext: (prompt, positions, tokens) => pool.use(prompt, (slot) => slot.scoreNext(prompt, positions, tokens)),
    readOutputs: (prompt, positions, count) => pool.use(prompt, (slot) => slot.readOutputs(prompt, positions, count)),
    decode: (prompt, next, decodeOptions) => pool.use(prompt, (slot) => slot.decode(prompt, next, decodeOptions)),
    generate: (prompt, generateOptions) => pool.use(prompt, (slot) => slot.generate(prompt, generateOptions)),
    hold: (work) => pool.hold(work),
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
