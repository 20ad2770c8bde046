import type { Example, WantedStates } from '../../types.js';
import type { TuneSession } from './types.js';

/** Hidden states of examples, read once for all candidates that use the same ones. */
export interface FeatureStore {
  /** Reads the features of each example. */
  read(examples: readonly Example[]): Promise<Float32Array[]>;
}

/**
 * @param all every example that will ever be asked for: the file that is read from has the tokens of all of them
 * @param want what to read of an example
 * @param keep what is kept of its states, positions × width
 */
export function featureStore(
  session: TuneSession,
  layers: number,
  all: readonly Example[],
  want: (example: Example) => WantedStates,
  keep: (states: Float32Array) => Float32Array,
  title: string,
): FeatureStore {
  const known = new Map<Example, Float32Array>();
  let wanted: Map<Example, WantedStates> | null = null;
  return {
    async read(examples) {
      const missing = examples.filter((example) => !known.has(example));
      if (missing.length > 0) {
        if (typeof session.states !== 'function') throw new Error(session.states.impossible);
        wanted ??= new Map(all.map((example) => [example, want(example)]));
        const reader = await session.states([...wanted.values()], layers);
        try {
          let next = 0;
          let done = 0;
          const worker = async () => {
            while (next < missing.length) {
              session.signal.throwIfAborted();
              const example = missing[next++] as Example;
              known.set(example, keep(await reader.read(wanted?.get(example) as WantedStates)));
              session.onProgress(title, ++done, missing.length);
            }
          };
          await Promise.all(Array.from({ length: reader.slots }, worker));
        } finally {
          await reader.dispose();
        }
      }
      return examples.map((example) => known.get(example) as Float32Array);
    },
  };
}
