import type { LlamaLogLevel as LogLevel, Llama as NativeLlama } from 'node-llama-cpp';
import { messageOf, modelError } from '../../errors.js';
import type { Accelerator } from './options.js';
import { startDirectly } from './patches/direct-start.js';
import type { HeadStart } from './patches/head-start.js';
import { getLlama, LlamaLogLevel } from './patches/library.js';

export interface BackendOptions {
  readonly accelerator: Accelerator;
  readonly threads: number;
  /** Gets every line that llama.cpp logs; nothing of it reaches stdout. */
  readonly onLog: (line: string) => void;
  /** A model that is being loaded already. */
  readonly headStart: HeadStart | null;
}

/**
 * Starts llama.cpp: on Linux the short way where that can be, else the library's public way.
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
