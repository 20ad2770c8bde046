import type { Llama, LlamaModel } from 'node-llama-cpp';
import { messageOf, modelError } from '../../errors.js';
import { isMapped } from './memory-map.js';
import type { EngineOptions } from './options.js';

/**
 * Loads the weights of a file; where that cannot be, the backend has ended, too.
 * @throws SlmError of kind `model`
 */
export async function loadModel(
  llama: Llama,
  options: Pick<EngineOptions, 'path' | 'accelerator'>,
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
      `llama.cpp cannot load ${options.path}: ${messageOf(error)}`,
      'The file may be damaged (`slm models verify`), or too new for this version of llama.cpp.',
      error,
    );
  }
}

const disposalMs = 1000;

/** Waits for the end of a backend, but not for ever: a model whose making failed halfway may keep it from ending. */
export async function disposed(llama: Llama): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, disposalMs);
  });
  await Promise.race([llama.dispose().catch(() => undefined), timeout]);
  clearTimeout(timer);
}
