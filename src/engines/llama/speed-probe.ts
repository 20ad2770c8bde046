import { median } from '../../metrics/median.js';
import type { LocalEngine, Prompt } from '../../types.js';
import { type Shape, sameShape, shapeCandidates } from '../shape.js';
import type { Arithmetic } from './arithmetic.js';
import { openEngine } from './open-engine.js';
import type { EngineOptions } from './options.js';

/** Settings whose speed is measured. */
export interface Candidate {
  readonly shape: Shape;
  /** Differences from the arithmetic of all results. */
  readonly arithmetic: Partial<Arithmetic>;
}

export interface MeasuredCandidate extends Candidate {
  /** New tokens a second, one value a round. */
  readonly tokensPerSecond: readonly number[];
  /** Whether its log-probabilities are those of the first candidate, to the last bit. */
  readonly sameNumbers: boolean;
}

export interface ProbeOptions {
  readonly rounds: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/**
 * The candidates to measure with this number of threads, the defaults for streams first. Other batch sizes and ways of
 * attention are measured to show their speed. They mostly change the last digits, and are then never chosen.
 */
export function candidatesFor(threads: number): Candidate[] {
  const shapes = shapeCandidates(threads);
  const [usual] = shapes as [Shape];
  const others: Partial<Arithmetic>[] = [
    { flashAttention: true },
    { flashAttention: false },
    { batchSize: 64 },
    { batchSize: 256 },
  ];
  return [
    ...shapes.map((shape) => ({ shape, arithmetic: {} })),
    ...others.map((arithmetic) => ({ shape: usual, arithmetic })),
  ];
}

/**
 * Measures candidates in turn, round after round, each on a model loaded anew, on records as a task has them: a
 * prefix that all share, 16 lines and a document.
 */
export async function measureCandidates(
  model: Pick<EngineOptions, 'path' | 'name' | 'sha256'>,
  candidates: readonly Candidate[],
  { rounds, now, onProgress, signal }: ProbeOptions,
): Promise<MeasuredCandidate[]> {
  const speeds = candidates.map((): number[] => []);
  const same = candidates.map(() => true);
  let expected: string | null = null;
  for (let round = 0; round < rounds; round++) {
    for (const [i, candidate] of candidates.entries()) {
      signal.throwIfAborted();
      onProgress(round * candidates.length + i, rounds * candidates.length);
      const engine = await openEngine({ ...model, ...candidate, signal });
      try {
        const { tokensPerSecond, scores } = await readingSpeed(engine, now);
        speeds[i]?.push(tokensPerSecond);
        expected ??= scores;
        same[i] &&= scores === expected;
      } finally {
        await engine.dispose();
      }
    }
  }
  return candidates.map((candidate, i) => ({
    ...candidate,
    tokensPerSecond: speeds[i] as number[],
    sameNumbers: same[i] as boolean,
  }));
}

/** New tokens a second of records as a task has them, and some of their scores. */
export async function readingSpeed(
  engine: LocalEngine,
  now: () => number,
): Promise<{ tokensPerSecond: number; scores: string }> {
  const prefix = [[...engine.bos, ...engine.tokenize(sharedText)]];
  const prompts = recordTexts(engine.slots).map((text): Prompt => ({ prefix, input: engine.tokenize(text) }));
  const words = [' good', ' bad'].map((word) => engine.tokenize(word));
  const ask = (prompt: Prompt) => engine.scoreContinuations(prompt, words);
  // Makes the slots, and evaluates on each what all share.
  await Promise.all(prompts.slice(0, engine.slots).map(ask));
  const start = now();
  const scores = await Promise.all(prompts.map(ask));
  const seconds = (now() - start) / 1000;
  const tokens = prompts.reduce((sum, { input }) => sum + input.length, 0);
  return { tokensPerSecond: tokens / seconds, scores: JSON.stringify(scores.slice(0, lines + 1)) };
}

const sentences = [
  'The parcel came a day early and the box was dry, although it had rained all week.',
  'Two of the four screws were missing, and nobody at the shop answers the telephone.',
  'I bought it for my father, who has trouble with small print, and he reads every evening now.',
  'It rattles when the lorry goes by, which the last one never did in eleven years.',
  'Setting it up took five minutes with the help of the leaflet.',
  'The second page of the contract says something else than the first.',
  'We stayed for three nights in March and would go back any time.',
  'The soup was cold, the bread was from yesterday, and the bill had a bottle too many.',
];

/** What stands before each record. */
export const sharedText = `${sentences.map((sentence) => `Text: ${sentence}\nMood: fine\n\n`).join('')}Text:`;

const lines = 16;

/** Lines, and a document after them; on many slots more of both, so that each has something to do. */
export function recordTexts(slots: number): string[] {
  return Array.from({ length: Math.max(1, Math.ceil(slots / 4)) }, () => [
    ...Array.from({ length: lines }, (_, i) => ` ${sentences[i % sentences.length]} ${i}\nMood:`),
    ` ${[...sentences, ...sentences].join(' ')}\nMood:`,
  ]).flat();
}

export interface Choice {
  /** Shape for streams of records. */
  readonly many: Shape;
  /** Shape for a single record. */
  readonly one: Shape;
}

/** Less than this is not worth leaving what is known to be good: figures of a second move by as much. */
const worthwhile = 1.05;

/**
 * The fastest shape by the median, among those that give the same numbers: for streams, and among those of one slot
 * for single records.
 * @param usual what is taken without having measured
 */
export function chooseShapes(measured: readonly MeasuredCandidate[], usual: Choice): Choice {
  const fit = measured.filter(({ arithmetic, sameNumbers }) => sameNumbers && Object.keys(arithmetic).length === 0);
  const speedOf = (shape: Shape) =>
    median(fit.find((candidate) => sameShape(candidate.shape, shape))?.tokensPerSecond ?? [0]);
  const best = (shapes: readonly Shape[], before: Shape, comparable: Shape) => {
    const [first] = [...shapes].sort((a, b) => speedOf(b) - speedOf(a));
    return first !== undefined && speedOf(first) >= speedOf(comparable) * worthwhile ? first : before;
  };
  const shapes = fit.map(({ shape }) => shape);
  return {
    many: best(shapes, usual.many, usual.many),
    one: best(
      shapes.filter(({ slots }) => slots === 1),
      usual.one,
      { slots: 1, threadsPerSlot: usual.one.threadsPerSlot },
    ),
  };
}
