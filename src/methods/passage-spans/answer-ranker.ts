import { train } from '../../linear/logistic.js';
import { denseMatrix } from '../../linear/matrix.js';
import { contentTerms } from '../passages.js';

/** What is known of a candidate answer when it is judged. */
export interface RankedCandidate {
  readonly question: string;
  readonly answer: string;
  /** Mean log-probability of a token, with the one that ends the answer, nats. */
  readonly logprob: number;
  /** Log-probability of the first token, nats: how likely it is to begin there at all. */
  readonly firstLogprob: number;
  readonly tokens: number;
  /** Share of the question's words, by rarity, that the answer's own sentence has; 0 to 1. */
  readonly sentenceCoverage: number;
  /** The same for all passages together. */
  readonly passageCoverage: number;
  /** How sure the model is that the passage answers the question: about 1 where it does, −1 where not; 0 where it was not asked. */
  readonly answered: number;
}

/**
 * A logistic model of "this candidate is right", over a handful of features that hold for any subject. Few enough
 * to be fitted on some dozen questions.
 */
export interface Ranker {
  readonly weights: readonly number[];
  readonly intercept: number;
}

/** Where nothing could be fitted: likelihood and coverage count, a kind of answer that does not fit counts against. */
export const defaultRanker: Ranker = { weights: [0.8, 0.2, 1.5, 1, -1.5, 0.8, 0.5, -0.3], intercept: 0.5 };

/** The same for a passage that was read in a chat turn, with what the model says of it. Set by hand, not measured. */
export const readingRanker: Ranker = { weights: [1.2, 0.1, 0, 0, -1.5, 0.4, 0.3, 0, 0.8], intercept: 0.3 };

const featureCount = 9;

/** Bounded, so that a ranker fitted on little stays sane. */
export function featuresOf(candidate: RankedCandidate): number[] {
  const asked = new Set(contentTerms(candidate.question));
  const given = contentTerms(candidate.answer);
  const repeated = given.length === 0 ? 0 : given.filter((term) => asked.has(term)).length / given.length;
  return [
    Math.max(-6, candidate.logprob),
    Math.max(-8, candidate.firstLogprob),
    candidate.sentenceCoverage,
    candidate.passageCoverage,
    repeated,
    numberFit(candidate.question, candidate.answer),
    nameFit(candidate.question, candidate.answer),
    Math.log(Math.max(1, candidate.tokens)),
    Math.max(-3, Math.min(3, candidate.answered)),
  ];
}

export function probabilityOf(candidate: RankedCandidate, ranker: Ranker): number {
  const score = featuresOf(candidate).reduce(
    // One that was fitted before the last feature was there has no weight for it.
    (sum, value, i) => sum + value * (ranker.weights[i] ?? 0),
    ranker.intercept,
  );
  return 1 / (1 + Math.exp(-score));
}

/**
 * Fits a ranker on candidates whose truth is known.
 * @param right whether the candidate at the same place is right
 */
export function fitRanker(candidates: readonly RankedCandidate[], right: readonly boolean[]): Ranker {
  const model = train(
    denseMatrix(candidates.map(featuresOf), featureCount),
    { kind: 'single', classes: 2, y: Int32Array.from(right, Number) },
    { l2: 2, standardise: true },
  );
  const difference = (values: Float64Array, step: number, at: number) =>
    (values[step + at] as number) - (values[at] as number);
  return {
    weights: Array.from({ length: featureCount }, (_, i) => difference(model.weights, featureCount, i)),
    intercept: difference(model.bias, 1, 0),
  };
}

const quantityQuestion =
  /\b(?:how (?:many|much|long|old|far|often|big|large|tall|high|heavy|hot|cold|fast|deep|wide|late|early|soon)|when|what (?:year|date|time|day|month|age|percentage|number|amount|price|rate|temperature|distance|size|fee|sum)|which (?:year|date|day|month))\b/iu;
const quantity =
  /\p{N}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred|thousand|million|half|third|quarter|once|twice|daily|weekly|monthly|yearly|january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b/iu;

/** 1: a quantity is asked for and given; −1: asked for and not given; 0: not asked for (English; else always 0). */
function numberFit(question: string, answer: string): number {
  if (!quantityQuestion.test(question)) return 0;
  return quantity.test(answer) ? 1 : -1;
}

/** The same for names: "who" and "where" want a capital. */
function nameFit(question: string, answer: string): number {
  if (!/\b(?:who|whom|whose|where|which (?:city|country|town|person|company))\b/iu.test(question)) return 0;
  return /\p{Lu}/u.test(answer) ? 1 : -1;
}
