import { joinClassifier, type TrainedWords, trainWords } from '../../heads/classifier.js';
import { classifierBlob, coarseClassifierArrays } from '../../heads/classifier-file.js';
import type { Example } from '../../types.js';
import { outputsOf, targetsOf } from '../candidates/classify-outputs.js';
import { eventLoopTurn } from '../candidates/event-loop.js';
import { onceForAll } from '../candidates/once-for-all.js';
import { isSkewed } from '../candidates/skew.js';
import { textVectors } from '../candidates/text-vectors.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import type { Plan } from '../types.js';
import { embeddingHeadOptions } from './options.js';

/** A head over the embedding of each text, with and without counts of words beside it. Texts are read once for all. */
export const plan: Plan<'embeddings'> = (session, examples, { words: mayUseWords }) => {
  const { profile, engine, seed, beside = null } = session;
  const vectors = beside ?? textVectors(session, engine, prefixFor(session), examples);
  const { prefix } = vectors;
  const labels = profile.labels.map(({ name }) => name);
  const wordsOf = onceForAll<TrainedWords>(
    examples,
    async (list) => {
      await eventLoopTurn();
      return trainWords(
        list.map(({ record }) => record.text),
        targetsOf(profile, list),
        seed,
      );
    },
    ({ words, heldOut }, rows) => ({ words, heldOut: rows.map((row) => heldOut[row] as Float64Array) }),
  );

  async function train(list: readonly Example[], lexical: boolean, balanced: boolean) {
    const fitted = await vectors.fitted(list, balanced);
    return joinClassifier(fitted, {
      labels,
      width: vectors.dimensions,
      lexical: lexical ? await wordsOf(list) : null,
    });
  }
  const candidateOf = (lexical: boolean, balanced: boolean): Candidate => ({
    key: `embedding head 3 ${lexical} ${balanced} ${JSON.stringify(prefix)}`,
    title: `head over embeddings${lexical ? ', with words' : ''}${balanced ? ', labels weighted' : ''}`,
    method: 'embedding-head',
    turn: 0,
    words: lexical,
    complexity: 1 + (lexical ? 0.1 : 0) + (balanced ? 0.01 : 0),
    layers: session.blocks,
    reading: 'embeddings',
    cheap: true,
    fitsAll: true,
    async heldOut(part) {
      const { heldOut } = await train(part, lexical, balanced);
      return { outputs: outputsOf(profile, heldOut), tokensPerRecord: meanTokens(part) };
    },
    async finish(list) {
      const { classifier } = await train(list, lexical, balanced);
      return {
        ...(beside === null
          ? { options: { prefix }, learned: {} }
          : { options: {}, learned: { embedder: beside.embedder } }),
        numbers: {
          stored: classifierBlob({ classifier, layers: session.blocks, pooling: 'last', prompts: 1 }),
          coarse: coarseClassifierArrays,
        },
      };
    },
  });

  function meanTokens(list: readonly Example[]): number {
    const sum = list.reduce((total, { record }) => total + vectors.countTokens(record.text), 0);
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
