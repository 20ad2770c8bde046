import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type FileStamp, stampOf } from '../../../gguf/model-file.js';
import { isMapped } from '../memory-map.js';
import { type Binary, loadBinary } from './binary.js';

/** A model whose weights are being read by a thread of their own, while the library is still being imported. */
export interface HeadStart {
  /** Absolute path. */
  readonly file: string;
  /** Stamp of the file when it was opened. */
  readonly stamp: FileStamp | null;
  readonly binary: Binary;
  /** The bindings with a model class that gives out the one under way to whoever asks for just that file. */
  readonly bindings: object;
  /** Frees the model, where it turned out that another one is wanted. Does nothing once somebody has it. */
  discard(): Promise<void>;
}

interface NativeModel {
  init(): Promise<boolean>;
  dispose(): Promise<void>;
}

interface NativeBindings {
  setLogger(log: (level: number, message: string) => void): void;
  setLoggerLogLevel(level: number): void;
  loadBackends(directory?: string): void;
  getGpuType(): string | false | undefined;
  init(): Promise<void>;
  AddonModel: new (file: string, options: Record<string, unknown>) => NativeModel;
}

/**
 * The options of node-llama-cpp 3.22.1 on a CPU, as open-engine.ts calls it. Other options get a model of their own.
 */
const optionsFor = (file: string) => ({
  gpuLayers: 0,
  vocabOnly: false,
  useMmap: isMapped(file),
  useDirectIo: false,
  useMlock: false,
  checkTensors: false,
  lazyMode: false,
  hasLoadAbortSignal: false,
});

/**
 * Begins to load a model. Importing the library's 300 modules takes as long as reading a small model, and this way
 * both happen at once.
 * @returns null where the native half cannot be used without the library; then nothing has happened
 */
export async function startLoading(file: string): Promise<HeadStart | null> {
  try {
    const binary = await loadBinary();
    const bindings = binary.bindings as NativeBindings;
    // Until the library has set its own, llama.cpp would write to stderr. Only fatal messages come through.
    bindings.setLogger(() => undefined);
    bindings.setLoggerLogLevel(0);
    bindings.loadBackends();
    if (bindings.getGpuType() === undefined) bindings.loadBackends(binary.directory);
    await bindings.init();
    const modelPath = path.resolve(file);
    const stamp = stampOf(modelPath);
    const model = new bindings.AddonModel(modelPath, { ...optionsFor(modelPath), addonExports: bindings });
    const loaded = model.init();
    // Reported to whoever asks for the model.
    loaded.catch(() => undefined);
    return { file: modelPath, stamp, binary, ...handOver(bindings, modelPath, model, loaded) };
  } catch {
    return null;
  }
}

/**
 * Bindings that give out `model` in the place of the next one that is made for the same file with the same options.
 * The addon's own bindings stay as they are: whoever loads another model meanwhile, such as the check of a derived
 * file that is made anew under the same name, must not be given this one.
 */
function handOver(
  bindings: NativeBindings,
  file: string,
  model: NativeModel,
  loaded: Promise<boolean>,
): Pick<HeadStart, 'bindings' | 'discard'> {
  const Native = bindings.AddonModel;
  let taken = false;
  function takeModel(wanted: string, { addonExports, ...options }: Record<string, unknown>): NativeModel {
    if (taken || wanted !== file || !isDeepStrictEqual(options, optionsFor(file))) {
      return new Native(wanted, { ...options, addonExports });
    }
    taken = true;
    Object.defineProperty(model, 'init', { value: () => loaded });
    return model;
  }
  // Static functions of the class stay reachable.
  Object.setPrototypeOf(takeModel, Native);
  return {
    bindings: Object.create(bindings, { AddonModel: { value: takeModel, writable: true } }) as object,
    async discard() {
      if (taken) return;
      taken = true;
      if (await loaded.catch(() => false)) await model.dispose();
    },
  };
}
