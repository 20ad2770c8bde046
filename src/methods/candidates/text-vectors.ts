import { trainClassifier } from '../../heads/classifier.js';
import type { EngineWith, Example } from '../../types.js';
import { targetsOf } from './classify-outputs.js';
import { eventLoopTurn } from './event-loop.js';
import { memo } from './memo.js';
import type { TextVectors, TuneSession } from './types.js';

/** Texts that are embedded between two looks at the signal. */
const batch = 64;

/** Reads texts by an embedding model. */
export function textVectors(
  session: Pick<TuneSession, 'profile' | 'seed' | 'signal' | 'onProgress'>,
  engine: EngineWith<'embeddings'>,
  prefix: string,
): TextVectors {
  const { profile, seed } = session;
  const known = new Map<Example, Float32Array>();

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

  return {
    dimensions: engine.dimensions,
    prefix,
    read,
    trained: memo(async (list: readonly Example[]) => {
      const hidden = await read(list);
      await eventLoopTurn();
      return trainClassifier(
        { hidden, targets: targetsOf(profile, list) },
        {
          labels: profile.labels.map(({ name }) => name),
          width: engine.dimensions,
          lexical: null,
          seed,
          scaling: 'chosen',
        },
      );
    }),
    countTokens: (text) => engine.countTokens(prefix + text),
  };
}
