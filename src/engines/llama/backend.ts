import type { LlamaLogLevel as LogLevel, Llama as NativeLlama } from 'node-llama-cpp';
import { messageOf, modelError } from '../../errors.js';
import type { Accelerator } from './options.js';
import { loadBinary } from './patches/binary.js';
import type { HeadStart } from './patches/head-start.js';
import { GgufInsights, getLlama, Llama, LlamaLogLevel } from './patches/library.js';
import { withPooledSamplers } from './patches/sampler-pool.js';

export interface BackendOptions {
  readonly accelerator: Accelerator;
  readonly threads: number;
  /** Gets every line that llama.cpp logs; nothing of it reaches stdout. */
  readonly onLog: (line: string) => void;
  /** A model that is being loaded already. */
  readonly headStart: HeadStart | null;
}

/**
 * Starts llama.cpp. On Linux the library tests its own prebuilt binary in a forked Node at every start (0.4 s)
 * and simulates each load to estimate memory (0.3 to 0.6 s); both are skipped where the internals needed for
 * that are as they were in 3.22.1, else its public way is taken.
 */
export async function startBackend(options: BackendOptions): Promise<NativeLlama> {
  const common = {
    logLevel: LlamaLogLevel.error,
    logger: (_level: LogLevel, message: string) => options.onLog(message),
    maxThreads: options.threads,
  };
  if (options.accelerator === 'cpu') {
    const started = await startDirectly(common, options.headStart);
    if (started !== null) return started;
  }
  // Apple machines get one binary, with Metal in it; asking for none would compile.
  const appleSilicon = process.platform === 'darwin' && process.arch === 'arm64';
  const gpu = options.accelerator === 'cpu' ? (appleSilicon ? 'auto' : false) : options.accelerator;
  try {
    return await getLlama({ gpu, build: 'never', progressLogs: false, skipDownload: true, ...common });
  } catch (error) {
    throw modelError(
      `llama.cpp cannot start here (${process.platform}-${process.arch}, ${options.accelerator}): ${messageOf(error)}`,
      options.accelerator === 'cpu'
        ? 'Install again without --omit=optional: `npm ci`, or `npm install -g slm-tasks`.'
        : 'docs/install.md says which package brings this accelerator; or leave --gpu out.',
      error,
    );
  }
}

interface CommonOptions {
  logLevel: LogLevel;
  logger: (level: LogLevel, message: string) => void;
  maxThreads: number;
}

type Create = (options: Record<string, unknown>) => Promise<NativeLlama>;

/** The short way for Linux on x64 and arm64; null where the package or an internal is not as expected. */
async function startDirectly(common: CommonOptions, headStart: HeadStart | null): Promise<NativeLlama | null> {
  const create = (Llama as unknown as { _create?: Create })._create;
  if (process.platform !== 'linux' || create === undefined) return null;
  skipMemorySimulation();
  try {
    const { bindings, bindingPath, metadata } = headStart?.binary ?? (await loadBinary());
    return await create.call(Llama, {
      bindings: withPooledSamplers(headStart?.bindings ?? bindings),
      bindingPath,
      buildType: 'prebuilt',
      buildMetadata: metadata,
      vramPadding: 0,
      ramPadding: 0,
      ...common,
    });
  } catch {
    return null; // Another layout of the binary package: the public way below says what is wrong, if anything.
  }
}

/** Loading and context creation each parse the whole vocabulary again to estimate memory that we do not ask for. */
function skipMemorySimulation(): void {
  const insights = GgufInsights.prototype as unknown as Record<string, unknown>;
  for (const name of ['_simulateModelResourceUsage', '_simulateContextResourceUsage']) {
    if (typeof insights[name] === 'function') insights[name] = async () => null;
  }
}
