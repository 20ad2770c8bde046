import { trainClassifier, trainWords } from '../../heads/classifier.js';
import { classifierBlob, coarseClassifierArrays } from '../../heads/classifier-file.js';
import type { Example } from '../../types.js';
import { outputsOf, targetsOf } from '../candidates/classify-outputs.js';
import { eventLoopTurn } from '../candidates/event-loop.js';
import { isSkewed } from '../candidates/skew.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import type { Plan } from '../types.js';
import { embeddingHeadOptions } from './options.js';

/** Texts that are embedded between two looks at the signal. */
const batch = 64;

/** A head over the embedding of each text, with and without counts of words beside it. Texts are read once for all. */
export const plan: Plan<'embeddings'> = (session, examples, { words: mayUseWords }) => {
  const { profile, engine, seed } = session;
  const prefix = prefixFor(session);
  const known = new Map<Example, Float32Array>();

  async function vectorsOf(list: readonly Example[]): Promise<Float32Array[]> {
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

  async function train(list: readonly Example[], lexical: boolean, balanced: boolean) {
    const targets = targetsOf(profile, list);
    const hidden = await vectorsOf(list);
    await eventLoopTurn();
    return trainClassifier(
      { hidden, targets },
      {
        labels: profile.labels.map(({ name }) => name),
        width: engine.dimensions,
        lexical: lexical
          ? trainWords(
              list.map(({ record }) => record.text),
              targets,
              seed,
            )
          : null,
        seed,
        ...(balanced ? { classWeight: 'balanced' as const } : {}),
      },
    );
  }

  const candidateOf = (lexical: boolean, balanced: boolean): Candidate => ({
    key: `embedding head 2 ${lexical} ${balanced} ${JSON.stringify(prefix)}`,
    title: `head over embeddings${lexical ? ', with words' : ''}${balanced ? ', labels weighted' : ''}`,
    method: 'embedding-head',
    turn: 0,
    words: lexical,
    complexity: 1 + (lexical ? 0.1 : 0) + (balanced ? 0.01 : 0),
    layers: session.blocks,
    reading: 'embeddings',
    async heldOut(part) {
      const { heldOut } = await train(part, lexical, balanced);
      return { outputs: outputsOf(profile, heldOut), tokensPerRecord: meanTokens(part) };
    },
    async finish(list) {
      const { classifier } = await train(list, lexical, balanced);
      return {
        options: { prefix },
        learned: {},
        numbers: {
          stored: classifierBlob({ classifier, layers: session.blocks, pooling: 'last', prompts: 1 }),
          coarse: coarseClassifierArrays,
        },
      };
    },
  });

  function meanTokens(list: readonly Example[]): number {
    const sum = list.reduce((total, { record }) => total + engine.countTokens(prefix + record.text), 0);
    return list.length === 0 ? 0 : sum / list.length;
  }

  const weightings = isSkewed(profile, examples) ? [false, true] : [false];
  const candidates = (mayUseWords ? [false, true] : [false]).flatMap((lexical) =>
    weightings.map((balanced) => candidateOf(lexical, balanced)),
  );
  return { candidates };
};

/** The task's own where it goes by this method, else the model's. */
function prefixFor({ profile, engine }: TuneSession<'embeddings'>): string {
  const own = profile.method === 'embedding-head' ? embeddingHeadOptions.parse(profile.options).prefix : undefined;
  return own ?? engine.prefixes.text;
}
