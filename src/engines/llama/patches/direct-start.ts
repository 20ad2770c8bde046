import type { LlamaLogLevel, Llama as NativeLlama } from 'node-llama-cpp';
import { loadBinary } from './binary.js';
import type { HeadStart } from './head-start.js';
import { GgufInsights, Llama } from './library.js';
import { withPooledSamplers } from './sampler-pool.js';

/** Options of the library that both ways of starting take. */
export interface CommonOptions {
  logLevel: LlamaLogLevel;
  logger: (level: LlamaLogLevel, message: string) => void;
  maxThreads: number;
}

type Create = (options: Record<string, unknown>) => Promise<NativeLlama>;

/**
 * The short way for Linux on x64 and arm64: without the library's test of its own prebuilt binary in a forked Node at
 * every start (0.4 s), and without its estimates of memory (0.3 to 0.6 s).
 * @returns null where the package or an internal is not as it was in 3.22.1
 */
export async function startDirectly(common: CommonOptions, headStart: HeadStart | null): Promise<NativeLlama | null> {
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
