import {
  averaged,
  type Classifier,
  type ClassifierData,
  type FittedFeatures,
  fitFeatures,
  joinClassifier,
  type TrainedClassifier,
  type TrainedVectors,
  type TrainedWords,
  trainWords,
} from '../../heads/classifier.js';
import { classifierBlob, coarseClassifierArrays } from '../../heads/classifier-file.js';
import { type Pooling, pooled, pooledParts, pooledPositions } from '../../heads/pooling.js';
import { selectRows } from '../../linear/matrix.js';
import type { Example } from '../../types.js';
import { softmax } from '../calibration.js';
import { outputOf, targetsOf, unknown } from '../candidates/classify-outputs.js';
import { eventLoopTurn } from '../candidates/event-loop.js';
import { type FeatureStore, featureStore } from '../candidates/feature-store.js';
import {
  type FewShotPrompt,
  keyOf,
  learnedFrom,
  type PromptGroup,
  titleOf,
  tokensAfter,
} from '../candidates/few-shot-prompt.js';
import { memo } from '../candidates/memo.js';
import { isSkewed } from '../candidates/skew.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import { meanScores } from '../mean-scores.js';

/** How a classifier over hidden states is made. */
export interface HeadShape {
  /** Blocks of the model. */
  readonly layers: number;
  readonly pooling: Pooling;
  /** Whether counts of words stand beside the states. */
  readonly lexical: boolean;
  /** Whether a classifier over vectors of an embedding model stands beside them. */
  readonly joined: boolean;
  /** Whether rare labels count as much as others. */
  readonly balanced: boolean;
}

/** Makes candidates that read the hidden state after a prompt, or average over several prompts; states are read once. */
export type HeadCandidates = (prompts: PromptGroup, shape: HeadShape, turn: number) => Candidate;

/** Null where no file can be derived of the model. */
export function headCandidates(session: TuneSession, examples: readonly Example[]): HeadCandidates | null {
  if (typeof session.states !== 'function') return null;
  const sourceOf = memo((prompt: FewShotPrompt) =>
    memo((layers: number) => stateSource(session, examples, prompt, layers)),
  );
  const wordsOf = memo((list: readonly Example[]) => wordSource(session, list));
  const vectorsOf = memo((list: readonly Example[]) => vectorSource(session, list));
  // What stands beside the states changes nothing of what is learned of them.
  const fittedOf = memo((_prompt: FewShotPrompt) =>
    memo((_shape: string) => new Map<readonly Example[], Promise<FittedFeatures>>()),
  );
  return (prompts, shape, turn) => {
    const { layers, pooling } = shape;
    const sources = new Map(prompts.map((prompt) => [prompt, sourceOf(prompt)(layers).wanting(pooling)]));
    return candidateOf(session, examples, prompts, shape, turn, {
      storeOf: (prompt) => sources.get(prompt) as FeatureStore,
      wordsOf,
      vectorsOf,
      fitted(prompt, list, fit) {
        const known = fittedOf(prompt)(JSON.stringify([layers, pooling, shape.balanced]));
        const made = known.get(list) ?? fit();
        known.set(list, made);
        return made;
      },
    });
  };
}

/** The same of vectors of an embedding model. */
type VectorSource = (some: readonly Example[]) => TrainedVectors;

async function vectorSource({ beside }: TuneSession, list: readonly Example[]): Promise<VectorSource> {
  if (beside == null) throw new Error('there is no embedding model to join');
  const { classifier, heldOut } = await beside.trained(list);
  const rows = new Map(list.map((example, row) => [example, row]));
  return (some) => ({
    classifier,
    heldOut: selectRows(
      heldOut,
      some.map((example) => rows.get(example) as number),
    ),
  });
}

/** Counts of words are the same after all prompts, and learn from what stands in them, too. */
type WordSource = (some: readonly Example[]) => TrainedWords;

/** Trained on these examples once for all candidates; what they say of some of them. */
function wordSource({ profile, seed }: TuneSession, list: readonly Example[]): WordSource {
  const texts = list.map(({ record }) => record.text);
  const { words, heldOut } = trainWords(texts, targetsOf(profile, list), seed);
  const rows = new Map(list.map((example, row) => [example, heldOut[row] as Float64Array]));
  return (some) => ({ words, heldOut: some.map((example) => rows.get(example) as Float64Array) });
}

/**
 * Hidden states after a prompt. Candidates say beforehand what they look at, so that each text is read once for all of
 * them: what stands at the end of the prompt is part of the rest.
 */
function stateSource(session: TuneSession, examples: readonly Example[], prompt: FewShotPrompt, layers: number) {
  let widest: Pooling = 'last';
  const storeFor = memo((pooling: Pooling) =>
    featureStore(
      session,
      layers,
      examples,
      (example) => {
        const tokens = prompt.tokens(example);
        return { prompt: tokens, positions: pooledPositions(pooling, tokens.input.length) };
      },
      (states) => pooled(pooling, rowsOf(states, session.width)),
      `reading, ${layers} layers, ${titleOf([prompt])}`,
    ),
  );
  return {
    wanting(pooling: Pooling): FeatureStore {
      if (pooledParts(pooling) > pooledParts(widest)) widest = pooling;
      const width = session.width * pooledParts(pooling);
      return {
        async read(list) {
          const read = await storeFor(widest).read(list);
          return read.map((features) => features.subarray(0, width));
        },
      };
    },
  };
}

/** With balanced ones where nearly all examples have one label: it pays there to let the others count more. */
export function weightingsFor({ profile }: TuneSession, examples: readonly Example[]): boolean[] {
  return isSkewed(profile, examples) ? [false, true] : [false];
}

/** The sources that heads learn from beside the labels. */
interface Sources {
  storeOf(prompt: FewShotPrompt): FeatureStore;
  wordsOf(list: readonly Example[]): WordSource;
  vectorsOf(list: readonly Example[]): Promise<VectorSource>;
  /** Trained once for all shapes that look at the same states. */
  fitted(prompt: FewShotPrompt, list: readonly Example[], fit: () => Promise<FittedFeatures>): Promise<FittedFeatures>;
}

function candidateOf(
  session: TuneSession,
  examples: readonly Example[],
  prompts: PromptGroup,
  shape: HeadShape,
  turn: number,
  { storeOf, wordsOf, vectorsOf, fitted }: Sources,
): Candidate {
  const { profile } = session;
  const { layers, pooling, lexical, joined, balanced } = shape;
  const [first] = prompts;
  const inPrompt = new Set(prompts.flatMap((prompt) => [...prompt.inPrompt]));
  const options = {
    labels: profile.labels.map(({ name }) => name),
    width: session.width * pooledParts(pooling),
    seed: session.seed,
    ...(balanced ? { classWeight: 'balanced' as const } : {}),
  };
  const dataOf = async (prompt: FewShotPrompt, list: readonly Example[]): Promise<ClassifierData> => ({
    hidden: await storeOf(prompt).read(list),
    targets: targetsOf(profile, list),
  });
  /** A classifier for each prompt, trained on what does not stand in it, with the rows that it was trained on. */
  async function trainAll(list: readonly Example[]) {
    const words = lexical ? wordsOf(list) : null;
    const vectors = joined ? await vectorsOf(list) : null;
    const all: (TrainedClassifier & { readonly examples: readonly Example[] })[] = [];
    for (const prompt of prompts) {
      const rest = list.filter((example) => !prompt.inPrompt.has(example));
      const features = await fitted(prompt, list, async () => {
        const data = await dataOf(prompt, rest);
        session.onProgress('training', all.length, prompts.length);
        await eventLoopTurn();
        return fitFeatures(data, options);
      });
      const others = { lexical: words?.(rest) ?? null, vectors: vectors?.(rest) ?? null };
      all.push({ ...joinClassifier(features, { ...options, ...others }), examples: rest });
    }
    return all as [(typeof all)[0], ...typeof all];
  }
  const how = [
    `${layers} layers`,
    titleOf(prompts),
    ...(pooling === 'last' ? [] : ['last and mean']),
    ...(lexical ? ['with words'] : []),
    ...(joined ? ['with an embedding'] : []),
    ...(balanced ? ['labels weighted'] : []),
  ];
  return {
    key: `classifier 13 ${keyOf(prompts)} ${JSON.stringify(shape)}`,
    title: `head, ${how.join(', ')}`,
    method: 'head',
    turn,
    words: lexical,
    // Which layers, examples and states it looks at makes it neither dearer by much nor harder to understand.
    complexity: (prompts.length === 1 ? 1 : 3) + (joined ? 1 : 0) + (lexical ? 0.1 : 0) + (balanced ? 0.01 : 0),
    layers,
    reading: `states ${layers} ${keyOf(prompts)}`,
    tokens: tokensAfter(prompts, examples),
    prefixTokens: Math.max(...prompts.map((prompt) => prompt.prefixTokens)),
    inPrompt,
    fitsAll: true,
    async heldOut(part) {
      const all = await trainAll(part);
      const classes = profile.labels.length;
      const logsAfter = all.map(({ heldOut, examples }) => {
        const rows = new Map(examples.map((example, row) => [example, row]));
        return (example: Example) => {
          const row = rows.get(example) as number;
          return heldOut.values.subarray(row * classes, (row + 1) * classes);
        };
      });
      const outputs = part.map((example) =>
        inPrompt.has(example)
          ? unknown(profile)
          : outputOf(profile, probabilities(logsAfter.map((logs) => logs(example)))),
      );
      return { outputs, tokensPerRecord: tokensAfter(prompts, part) };
    },
    async finish(list) {
      const [one, ...more] = (await trainAll(list)).map(({ classifier }) => classifier) as [
        Classifier,
        ...Classifier[],
      ];
      const classifier = more.length === 0 ? one : averaged([one, ...more]);
      return {
        options: { shots: first.count },
        learned: { ...learnedFrom(prompts), ...(joined ? { embedder: session.beside?.embedder } : {}) },
        numbers: {
          stored: classifierBlob({ classifier, layers, pooling, prompts: prompts.length }),
          coarse: coarseClassifierArrays,
        },
      };
    },
  };

  /**
   * Probability of each label, from log-probabilities after each prompt; the mean log-odds where each is decided by
   * itself.
   */
  function probabilities(logs: readonly ArrayLike<number>[]): number[] {
    const [first, ...more] = logs as readonly [ArrayLike<number>, ...ArrayLike<number>[]];
    if (more.length === 0) return Array.from(first, Math.exp);
    if (!profile.multiLabel) return softmax(meanScores(logs));
    const odds = logs.map((list) => Array.from(list, (log) => log - Math.log(-Math.expm1(log))));
    return meanScores(odds).map((value) => 1 / (1 + Math.exp(-value)));
  }
}

function rowsOf(states: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: states.length / width }, (_, i) => states.subarray(i * width, (i + 1) * width));
}
