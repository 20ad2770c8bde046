import { statSync } from 'node:fs';
import path from 'node:path';
import type { Llama, LlamaModel } from 'node-llama-cpp';
import { messageOf, modelError } from '../../errors.js';
import { startBackend } from './backend.js';
import { isMapped } from './memory-map.js';
import type { EmbedderOptions, EngineOptions } from './options.js';
import { readHeadersFast } from './patches/file-info.js';

/**
 * Starts the backend with so many threads in all, and loads the weights of a file.
 * @throws SlmError of kind `model` when the file cannot be loaded
 */
export async function startModel(
  options: EmbedderOptions,
  threads: number,
): Promise<{ readonly llama: Llama; readonly model: LlamaModel }> {
  const log: string[] = [];
  let isLoading = true;
  const [llama] = await Promise.all([
    startBackend({
      accelerator: options.accelerator ?? 'cpu',
      threads,
      onLog(line) {
        if (isLoading) log.push(line);
        options.onLog?.(line);
      },
      headStart: options.headStart ?? null,
    }),
    readHeadersFast(),
  ]);
  const model = await loadModel(llama, options, log);
  isLoading = false;
  if (options.signal?.aborted === true) {
    await disposed(llama);
    options.signal.throwIfAborted();
  }
  return { llama, model };
}

/** The facts about a loaded model, whatever it is used for. */
export function loadedModel(model: LlamaModel, options: EmbedderOptions, contextSize: number) {
  const { metadata } = model.fileInfo;
  return {
    name: options.name ?? path.basename(options.path, '.gguf'),
    path: options.path,
    sha256: options.sha256 ?? null,
    bytes: statSync(options.path).size,
    parameters: parametersOf(model),
    architecture: metadata.general.architecture,
    bosText: model.tokens.bosString ?? '',
    eosText: model.tokens.eosString ?? '',
    contextSize,
    vocabularySize: metadata.tokenizer.ggml.tokens.length,
  };
}

function parametersOf({ fileInfo }: LlamaModel): number {
  const sizes = (fileInfo.fullTensorInfo ?? []).map(({ dimensions }) => dimensions.map(Number));
  return sizes.reduce((sum, tensor) => sum + tensor.reduce((n, size) => n * size, 1), 0);
}

/**
 * Loads the weights of a file; where that cannot be, the backend has ended, too.
 * @param log what llama.cpp has logged: the reason of a failure stands there alone
 */
async function loadModel(
  llama: Llama,
  options: Pick<EngineOptions, 'path' | 'accelerator'>,
  log: readonly string[],
): Promise<LlamaModel> {
  try {
    return await llama.loadModel({
      modelPath: options.path,
      useMmap: isMapped(options.path),
      ...(options.accelerator === undefined || options.accelerator === 'cpu' ? { gpuLayers: 0 } : {}),
    });
  } catch (error) {
    await disposed(llama);
    throw modelError(
      `llama.cpp cannot load ${options.path}: ${reasonIn(log) ?? messageOf(error)}`,
      'The file may be damaged (`slm models verify`), or too new for this version of llama.cpp.',
      error,
    );
  }
}

/** Such as "unknown model architecture: 'x'". */
function reasonIn(log: readonly string[]): string | null {
  const reasons = log.flatMap((line) => /error loading model: (.*)/su.exec(line)?.[1]?.trim() ?? []);
  return reasons.at(-1) ?? null;
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
