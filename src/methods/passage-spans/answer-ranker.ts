import { fitLogistic, type Logistic, logOdds, sigmoid } from '../logistic-judge.js';
import { contentTerms } from '../passages.js';
import type { Scale } from './answerability.js';

/** The features of a candidate answer. */
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
  /** Share of the probability of all candidates that is with this one and those that say nearly the same; 0 to 1. */
  readonly agreement: number;
  /** Log-odds of "yes, the passage answers the question", nats; null where the model was not asked. */
  readonly answered: number | null;
  /**
   * Log-odds of "yes, the sentence that the answer stands in answers the question", less those for a passage that has
   * nothing to do with it, nats; null where the model was not asked.
   */
  readonly sentenceAnswered: number | null;
}

/**
 * Which candidate is right, over features that hold for any subject, few enough to be fitted on some dozen questions.
 * Then, of the one that was chosen, how probable it is that it is right.
 */
export interface Ranker extends Logistic {
  /** Left out: the probability is that of the choice, as good as its fit over all candidates makes it. */
  readonly judge?: Logistic | undefined;
}

/** Where nothing could be fitted: likelihood and coverage count, a kind of answer that does not fit counts against. */
export const defaultRanker: Ranker = { weights: [0.8, 0.2, 1.5, 1, -1.5, 0.8, 0.5, -0.3], intercept: 0.5 };

/**
 * The same for a passage that was read in a chat turn, with what the model says of it. The order of the answers is the
 * same whatever the model's certainty is; their probabilities are nearer to each other where it is small.
 * @param scale of the model's log-odds
 */
export function readingRanker({ middle, spread, certainty }: Scale): Ranker {
  const answered = 1 / spread;
  return {
    weights: [0.8, 0.1, 0, 0, -1, 0.4, 0.3, 0, answered, 1].map((weight) => weight * certainty),
    intercept: -0.5 - answered * middle * certainty,
  };
}

/** Names of the features. Rankers of older versions and the fixed ones lack the last of them. */
export const featureNames = [
  'mean log p',
  'first log p',
  'sentence',
  'passages',
  'repeats',
  'number',
  'name',
  'log length',
  'answered',
  'agreement',
  'sentence answered',
] as const;

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
    Math.max(-8, Math.min(8, candidate.answered ?? 0)),
    candidate.agreement,
    Math.max(-8, Math.min(8, candidate.sentenceAnswered ?? 0)),
  ];
}

/** Log-odds of the choice. */
export function choiceOf(candidate: RankedCandidate, ranker: Ranker): number {
  return logOdds(ranker, featuresOf(candidate));
}

/** Probability that a candidate is right. */
export function probabilityOf(candidate: RankedCandidate, ranker: Ranker): number {
  const choice = choiceOf(candidate, ranker);
  return sigmoid(ranker.judge === undefined ? choice : logOdds(ranker.judge, judgedFeatures(candidate, choice)));
}

/** Features of the judge, beside the log-odds of the choice. */
function judgedFeatures(candidate: RankedCandidate, choice: number): number[] {
  const [logprob, , sentence, passages, , , , , ...said] = featuresOf(candidate) as [number, ...number[]];
  return [choice, logprob, sentence as number, passages as number, ...said];
}

/** Whether a ranker goes by what the model says of the answer's own sentence. */
export function readsSentences({ weights }: Ranker): boolean {
  return weights.length === featureNames.length;
}

/** The candidates of a question, and whether the one at the same place is right. */
export interface RankedQuestion {
  readonly candidates: readonly RankedCandidate[];
  readonly right: readonly boolean[];
}

/** Fits a ranker on questions whose answers are known; at least one candidate is right. */
export function fitRanker(questions: readonly RankedQuestion[]): Ranker {
  const choice = fitChoice(questions);
  const folds = Array.from({ length: judgeFolds }, (_, fold) => {
    const others = questions.filter((_, i) => i % judgeFolds !== fold);
    // So few that all of them are right, or none.
    return new Set(others.flatMap(({ right }) => right)).size < 2 ? choice : fitChoice(others);
  });
  // All candidates of a question share what is said of its passage: only one of each tells how much that is worth. It
  // is chosen by a fit that does not know it, which is less sure, as it will be of a new question.
  const chosen = questions.flatMap(({ candidates, right }, at) => {
    const all = candidates.map((candidate, i) => ({
      candidate,
      odds: choiceOf(candidate, folds[at % judgeFolds] as Logistic),
      right: right[i] === true,
    }));
    const best = all.reduce<(typeof all)[number] | null>((a, b) => (a !== null && a.odds >= b.odds ? a : b), null);
    return best === null ? [] : [best];
  });
  if (new Set(chosen.map(({ right }) => right)).size < 2) return choice;
  const judge = fitLogistic(
    chosen.map(({ candidate, odds }) => judgedFeatures(candidate, odds)),
    chosen.map(({ right }) => right),
  );
  return { ...choice, judge };
}

/** Parts of the questions, each chosen for by a fit on the others. */
const judgeFolds = 5;

function fitChoice(questions: readonly RankedQuestion[]): Logistic {
  return fitLogistic(
    questions.flatMap(({ candidates }) => candidates.map(featuresOf)),
    questions.flatMap(({ right }) => right),
  );
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
