import { freemem, totalmem } from 'node:os';
import { cpuBudget } from '../engines/cpu-budget.js';
import { SlmError } from '../errors.js';
import { checkGguf } from '../gguf/check.js';
import { estimateMemory } from '../gguf/memory.js';
import { summarize } from '../gguf/summary.js';
import { type MeasuredFigure, type ModelEnvironment, modelPath, readCatalogue } from '../models/index.js';
import type { TaskType } from '../types.js';
import { type ListedModel, listModels } from './model-list.js';

/** A model's needs on this machine, and its measured results. */
export interface AdvisedModel {
  readonly name: string;
  readonly installed: boolean;
  readonly bytes: number | null;
  /** Memory with a context of `contextTokens`, bytes; null where the size of the file is not known. */
  readonly memory: number | null;
  readonly fits: boolean | null;
  /** New tokens a second. */
  readonly tokensPerSecond: number | null;
  readonly speed: 'measured' | 'estimated' | null;
  /** Tokens generated a second, and memory taken, bytes; null where it was not measured. */
  readonly generatedPerSecond: number | null;
  readonly memoryUsed: number | null;
  readonly measured: readonly MeasuredFigure[];
}

export interface ModelAdvice {
  readonly machine: { readonly memory: number; readonly free: number; readonly threads: number };
  readonly contextTokens: number;
  readonly models: readonly AdvisedModel[];
  /** The best measured model that fits here, for each task type. */
  readonly advised: readonly Advised[];
}

/** The model that was measured best, and its figure. */
export interface Best {
  readonly model: string;
  readonly figure: MeasuredFigure;
}

export interface Advised {
  readonly type: TaskType;
  readonly tuned: Best | null;
  readonly untuned: Best | null;
}

/**
 * Weights times tokens a second that a thread does, in the tensors that are read for each token. On two threads
 * gemma-3-270m did 0.7 of what this gives, qwen2.5-coder-1.5b 1.6 times as much, smollm2-135m, whose Q4_1 blocks miss
 * the fast kernels, a third.
 */
const weightsPerSecond = 55e9;
/**
 * Cache of a thousand tokens as a share of the weights, for a file that is not here; 3 to 7 % in models of 1 to 4 B.
 */
const cacheShare = 0.06;
const runtimeBytes = 200_000_000;
/** The rest is for the system and other programs. */
const usableShare = 0.8;

/** Tokens a second, and bytes. */
export interface MeasuredSpeed {
  readonly readPerSecond: number;
  readonly generatedPerSecond: number | null;
  readonly memory: number;
}

export interface AdviceOptions {
  /** Told of each manifest that is not valid, whose model is left out, and of each file that cannot be read. */
  readonly onProblem: (problem: string) => void;
  readonly types: readonly TaskType[];
  readonly contextTokens: number;
  /** Measures an installed model; null to estimate. */
  readonly measure: ((model: { readonly name: string; readonly path: string }) => Promise<MeasuredSpeed>) | null;
}

/** Which models fit this machine, how fast they are here, and which are advised. */
export async function adviseModels(
  env: ModelEnvironment,
  standard: string,
  { types, contextTokens, measure, onProblem }: AdviceOptions,
): Promise<ModelAdvice> {
  const machine = { memory: totalmem(), free: freemem(), threads: cpuBudget() };
  const figures = new Map(readCatalogue(env, onProblem).map(({ name, measured }) => [name, measured]));
  const models: AdvisedModel[] = [];
  /** One damaged file shall not hide the other models. */
  const orTold = async <T>(find: () => T | Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof SlmError)) throw error;
      onProblem(`${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`);
      return otherwise;
    }
  };
  for (const listed of await listModels(env, standard, () => undefined)) {
    const { memory, weights } = await orTold(() => sizesOf(env, listed, contextTokens), {
      memory: null,
      weights: null,
    });
    const fits = memory === null ? null : memory <= usableShare * machine.memory;
    const timed =
      measure !== null && listed.installed && fits === true
        ? await orTold(() => measure({ name: listed.name, path: modelPath(env.dataDir, listed.name) }), null)
        : null;
    const estimated = weights === null ? null : (weightsPerSecond * machine.threads) / weights;
    models.push({
      name: listed.name,
      installed: listed.installed,
      bytes: listed.bytes,
      memory,
      fits,
      tokensPerSecond: timed?.readPerSecond ?? estimated,
      generatedPerSecond: timed?.generatedPerSecond ?? null,
      memoryUsed: timed?.memory ?? null,
      speed: timed !== null ? 'measured' : estimated !== null ? 'estimated' : null,
      measured: (figures.get(listed.name) ?? []).filter(({ type }) => (types as readonly string[]).includes(type)),
    });
  }
  return { machine, contextTokens, models, advised: types.map((type) => advisedFor(type, models)) };
}

/** The best of the models that fit: as they are, and tuned. */
export function advisedFor(
  type: TaskType,
  models: readonly Pick<AdvisedModel, 'name' | 'fits' | 'measured'>[],
): Advised {
  const all = models
    .filter(({ fits }) => fits === true)
    .flatMap(({ name, measured }) => measured.map((figure): Best => ({ model: name, figure })))
    .filter(({ figure }) => figure.type === type);
  const best = (tuned: boolean) =>
    all.filter(({ figure }) => figure.tuned === tuned).sort((a, b) => b.figure.value - a.figure.value)[0] ?? null;
  return { type, tuned: best(true), untuned: best(false) };
}

function sizesOf(
  env: ModelEnvironment,
  { name, installed, bytes, parameters }: ListedModel,
  contextTokens: number,
): { memory: number | null; weights: number | null } {
  if (installed) {
    const header = checkGguf(modelPath(env.dataDir, name));
    const summary = summarize(header);
    const embeddings = (summary.vocabularySize ?? 0) * (summary.embeddingLength ?? 0);
    return { memory: estimateMemory(header, contextTokens).total, weights: summary.parameters - embeddings };
  }
  const memory = bytes === null ? null : bytes * (1 + (cacheShare * contextTokens) / 1000) + runtimeBytes;
  return { memory, weights: parametersOf(parameters) };
}

/** `270M`, `1.5B`, `E2B`, `8x7B` as people say it; null where it is another way. */
export function parametersOf(said: string | null): number | null {
  const match = /^E?(?:(\d+)x)?(\d+(?:\.\d+)?)([MB])$/u.exec(said ?? '');
  if (match === null) return null;
  const [, times = '1', number, unit] = match;
  return Number(times) * Number(number) * (unit === 'M' ? 1e6 : 1e9);
}
