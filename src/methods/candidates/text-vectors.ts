import { type FittedFeatures, fitFeatures, joinClassifier, reorderFeatures } from '../../heads/classifier.js';
import type { EngineWith, Example } from '../../types.js';
import { targetsOf } from './classify-outputs.js';
import { eventLoopTurn } from './event-loop.js';
import { memo } from './memo.js';
import { onceForAll } from './once-for-all.js';
import type { TextVectors, TuneSession } from './types.js';

/** Texts that are embedded between two looks at the signal. */
const batch = 64;

/**
 * Reads texts by an embedding model.
 * @param all every example that will be asked for
 */
export function textVectors(
  session: Pick<TuneSession, 'profile' | 'seed' | 'signal' | 'onProgress'>,
  engine: EngineWith<'embeddings'>,
  prefix: string,
  all: readonly Example[],
): TextVectors {
  const { profile, seed } = session;
  const known = new Map<Example, Float32Array>();
  const labels = profile.labels.map(({ name }) => name);
  const width = engine.dimensions;

  async function read(list: readonly Example[]): Promise<Float32Array[]> {
    const missing = list.filter((example) => !known.has(example));
    for (let start = 0; start < missing.length; start += batch) {
      session.signal.throwIfAborted();
      const part = missing.slice(start, start + batch);
      const vectors = await engine.embed(part.map(({ record }) => prefix + record.text));
      part.forEach((example, i) => {
        known.set(example, vectors[i] as Float32Array);
      });
      session.onProgress('reading', start + part.length, missing.length);
    }
    return list.map((example) => known.get(example) as Float32Array);
  }

  const fittedWith = memo((balanced: boolean) =>
    onceForAll(
      all,
      async (list): Promise<FittedFeatures> => {
        const hidden = await read(list);
        await eventLoopTurn();
        return fitFeatures(
          { hidden, targets: targetsOf(profile, list) },
          { labels, width, seed, scaling: 'chosen', ...(balanced ? { classWeight: 'balanced' as const } : {}) },
        );
      },
      reorderFeatures,
    ),
  );
  return {
    dimensions: width,
    prefix,
    read,
    fitted: (list, balanced) => fittedWith(balanced)(list),
    trained: memo(async (list: readonly Example[]) =>
      joinClassifier(await fittedWith(false)(list), { labels, width, lexical: null }),
    ),
    countTokens: (text) => engine.countTokens(prefix + text),
  };
}
