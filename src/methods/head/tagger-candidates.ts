import { decodeEntities } from '../../heads/entities.js';
import { type LexicalText, lexicalLogprobs } from '../../heads/lexical-tagger.js';
import { emissions, hiddenScores, type TaggedText, type Tagger, trainTagger } from '../../heads/tagger.js';
import { coarseTaggerArrays, taggerBlob } from '../../heads/tagger-file.js';
import { tagsOf } from '../../heads/tags.js';
import { wordFeatures } from '../../heads/word-features.js';
import { type Reading, readWords } from '../../heads/word-reading.js';
import { boundedLogit, fitPlatt, type Platt, sureScore } from '../../linear/platt.js';
import { words as wordsOf } from '../../segment.js';
import { entityKey } from '../../spans.js';
import { entitiesOf, extracted } from '../../task-types/extract/values.js';
import type { Example, ExtractOutput, Output, Span } from '../../types.js';
import { blocksAt } from '../candidates/depths.js';
import { eventLoopTurn } from '../candidates/event-loop.js';
import { featureStore } from '../candidates/feature-store.js';
import { memo } from '../candidates/memo.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import type { Plan } from '../types.js';

/** Shares of the model's blocks after which words are looked at: the middle knows most about them. */
const depths = [0.45, 0.55, 0.35];
/** L2 on standardised features; from 1 to 10 it makes no difference that could be told from noise. */
const l2 = 3;
const windowTokens = 96;

interface Prepared extends LexicalText {
  readonly words: readonly Span[];
}

export const taggerPlan: Plan = (session, examples) => {
  const labels = session.profile.labels.map(({ name }) => name);
  const prepare = memo((example: Example): Prepared => {
    const { text } = example.record;
    const words = wordsOf(text);
    const entities = entitiesOf(example.gold);
    return { words, features: wordFeatures(text, words), tags: tagsOf(words, entities, labels) };
  });
  if (typeof session.states !== 'function') return null;
  const layersToTry = [...new Set(depths.map((depth) => blocksAt(session, depth)))];
  const readings: readonly Reading[] = ['twice', 'once'];
  return {
    candidates: layersToTry.flatMap((layers) =>
      readings.flatMap((reading) => {
        // The middle depth alone for one reading: it shows what the second reading brings.
        if (reading === 'once' && layers !== layersToTry[0]) return [];
        const features = featureStore(
          session,
          layers,
          examples,
          (example) => readWords(session.engine, example.record.text, prepare(example).words, reading),
          (states) => states,
          `reading ${reading}, ${layers} layers`,
        );
        const tokens = tokensOf(session, reading);
        // The gain of a second reading is measured without word features.
        return (reading === 'once' ? [false] : [false, true]).map((lexical) =>
          taggerCandidate({ session, labels, prepare, features, tokens, layers, reading, lexical }),
        );
      }),
    ),
  };
};

interface TaggerSettings {
  readonly session: TuneSession;
  readonly labels: readonly string[];
  readonly prepare: (example: Example) => Prepared;
  readonly features: { read(examples: readonly Example[]): Promise<Float32Array[]> };
  readonly tokens: (examples: readonly Example[]) => number;
  readonly layers: number;
  readonly reading: Reading;
  readonly lexical: boolean;
}

function taggerCandidate(settings: TaggerSettings): Candidate {
  const { session, labels, prepare, features, layers, reading, lexical } = settings;
  const options = { labels, width: session.width, l2, lexical, seed: session.seed };
  const textsOf = (examples: readonly Example[], hidden: readonly Float32Array[]): (TaggedText & Prepared)[] =>
    examples.map((example, i) => ({ ...prepare(example), hidden: hidden[i] as Float32Array }));
  return {
    key: `tagger 2 layers=${layers} reading=${reading} lexical=${lexical} l2=${l2}`,
    title: `head, ${layers} layers, read ${reading}${lexical ? ', with word features' : ''}`,
    method: 'head',
    turn: 0,
    words: lexical,
    // Reading twice takes longer but is no more to understand, and it helps whenever there is enough to tell.
    complexity: 2 + layers / 1000 + (lexical ? 0.1 : 0),
    layers,
    fitsAll: true,
    async heldOut(examples, folds) {
      const hidden = await features.read(examples);
      const texts = textsOf(examples, hidden);
      const outputs: ExtractOutput[] = [];
      const count = folds.reduce((most, fold) => Math.max(most, fold), -1) + 1;
      for (let k = 0; k < count; k++) {
        session.signal.throwIfAborted();
        const tagger = trainTagger(
          texts.filter((_, i) => folds[i] !== k),
          { ...options, maxIterations: 60 },
        );
        const decode = decoder(tagger);
        texts.forEach((text, i) => {
          if (folds[i] === k) outputs[i] = decode((examples[i] as Example).record.text, text);
        });
        session.onProgress('training', k + 1, count);
        await eventLoopTurn();
      }
      return { outputs, tokensPerRecord: settings.tokens(examples) };
    },
    async finish(examples, trial) {
      const tagger = trainTagger(textsOf(examples, await features.read(examples)), options);
      const sureness = fitSureness(trial.examples, trial.outputs);
      return {
        options: { windowTokens },
        learned: {},
        numbers: { stored: taggerBlob({ tagger, layers, reading, sureness }), coarse: coarseTaggerArrays },
        outputs: trial.outputs.map((output) => withSureness(output, sureness)),
      };
    },
  };
}

/** The entities that a tagger finds in a text whose hidden states are at hand. */
function decoder(tagger: Tagger): (text: string, prepared: Prepared & { hidden: Float32Array }) => ExtractOutput {
  const logprobs = tagger.lexical === null ? null : lexicalLogprobs(tagger.lexical.tagger);
  return (text, { words, hidden, features }) =>
    outputOf(
      text,
      words,
      tagger.labels,
      emissions(tagger, hiddenScores(tagger, hidden), logprobs?.(features) ?? null),
      tagger.steps,
    );
}

function outputOf(...decoded: Parameters<typeof decodeEntities>): ExtractOutput {
  return extracted(decodeEntities(...decoded).entities);
}

function tokensOf(session: TuneSession, reading: Reading): (examples: readonly Example[]) => number {
  return (examples) => {
    const tokens = examples.reduce((sum, { record }) => sum + session.engine.tokenize(` ${record.text}`).length, 0);
    return ((reading === 'twice' ? 2 : 1) * tokens) / Math.max(1, examples.length);
  };
}

/** As a run scores it. */
function withSureness(output: Output, sureness: Platt): Output {
  return extracted(entitiesOf(output).map((entity) => ({ ...entity, score: sureScore(sureness, entity.score ?? 0) })));
}

/** Fits how often held-out entities are right at which score. */
function fitSureness(examples: readonly Example[], outputs: readonly Output[]): Platt {
  const scores: number[] = [];
  const right: boolean[] = [];
  examples.forEach(({ gold }, i) => {
    const wanted = new Set(entitiesOf(gold).map(entityKey));
    for (const entity of entitiesOf(outputs[i])) {
      scores.push(boundedLogit(entity.score ?? 0));
      right.push(wanted.has(entityKey(entity)));
    }
  });
  // Where all are right, or none, nothing can be told.
  if (!right.includes(true) || !right.includes(false)) return { slope: 1, intercept: 0 };
  return fitPlatt(scores, right);
}
