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

const answeredAt = featureNames.indexOf('answered');
const sentenceAt = featureNames.indexOf('sentence answered');

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
    boundedOdds(candidate.answered),
    candidate.agreement,
    boundedOdds(candidate.sentenceAnswered),
  ];
}

/** 0 where the model was not asked. */
function boundedOdds(odds: number | null): number {
  return Math.max(-8, Math.min(8, odds ?? 0));
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

/** Features of the judge. */
const judgeNames = [
  'choice',
  'mean log p',
  'sentence',
  'passages',
  'answered',
  'agreement',
  'sentence answered',
] as const;

function judgedFeatures(candidate: RankedCandidate, choice: number): number[] {
  const [logprob, , sentence, passages, , , , , ...said] = featuresOf(candidate) as [number, ...number[]];
  return [choice, logprob, sentence as number, passages as number, ...said];
}

/** Whether a ranker goes by what the model says of the answer's own sentence. */
export function readsSentences({ weights }: Ranker): boolean {
  return weights.length === featureNames.length;
}

/** Whether it goes by what the model says of the whole passage. */
export function readsPassages({ weights, judge }: Ranker): boolean {
  return weights[answeredAt] !== 0 || (judge?.weights[judgeNames.indexOf('answered')] ?? 0) !== 0;
}

/** The candidates of a question, and whether the one at the same place is right. */
export interface RankedQuestion {
  readonly candidates: readonly RankedCandidate[];
  readonly right: readonly boolean[];
}

/**
 * Fits a ranker on questions whose answers are known; at least one candidate is right.
 * @param scale of what the model says of passages; null for a model that is not asked
 */
export function fitRanker(questions: readonly RankedQuestion[], scale: Scale | null): Ranker {
  return scale === null ? fitWhole(questions) : fitJudge(questions, scale);
}

/**
 * Answers in chat turns are few and good, so fixed weights choose. How much their odds are worth, and what the model says
 * of the sentence beside them, is all that is fitted: some dozen questions are too few for more. Whether the whole passage
 * is asked about, which takes as long as to read the answer, is decided by the model and not by the questions: what
 * some dozen of them say about it does not hold on other subjects.
 */
function fitJudge(questions: readonly RankedQuestion[], scale: Scale): Ranker {
  const fixed = readingRanker(scale);
  const all = featureNames.map((_, i) => fixed.weights[i] ?? 0);
  const asked = asksOfPassages(scale);
  const choice = asked
    ? { weights: all, intercept: fixed.intercept }
    : { weights: all.with(answeredAt, 0).with(sentenceAt, usualSentenceWeight), intercept: 0 };
  const chosen = questions.flatMap((question) => bestOf(question, choice));
  // All right, or all wrong: nothing tells what they are worth.
  if (new Set(chosen.map(({ right }) => right)).size < 2) return fixed;
  const { weights, intercept } = fitLogistic(
    chosen.map(({ candidate, odds }) => [odds, boundedOdds(candidate.sentenceAnswered)]),
    chosen.map(({ right }) => right),
    { towards: { weights: [1, asked ? usualSentenceWeight : 0], intercept: 0 }, l2: judgeStrength },
  );
  const [ofChoice = 0, ofSentence = 0] = weights;
  const judge = { weights: judgeNames.map((_, i) => (i === 0 ? ofChoice : 0)).with(-1, ofSentence), intercept };
  return { ...choice, judge };
}

/** Whether a ranker that is fitted for a model of this scale goes by what it says of the whole passage. */
export function asksOfPassages({ certainty }: Scale): boolean {
  return certainty >= trustedCertainty;
}

/** The 0.5B has 0.3: what it says of whole passages helps on some subjects and misleads on others. The 1.5B has 0.7. */
const trustedCertainty = 0.5;
/** Between those fitted for models of 0.5B and 1.5B on the examples of `qa`. */
const usualSentenceWeight = 0.7;
/** L2 on the distance from the usual weights, of standardised features. */
const judgeStrength = 10;
interface Chosen {
  readonly candidate: RankedCandidate;
  readonly odds: number;
  readonly right: boolean;
}

/** The candidate that is chosen; none where there are none. */
function bestOf({ candidates, right }: RankedQuestion, choice: Logistic): Chosen[] {
  const all = candidates.map((candidate, i) => ({
    candidate,
    odds: choiceOf(candidate, choice),
    right: right[i] === true,
  }));
  const best = all.reduce<Chosen | null>((a, b) => (a !== null && a.odds >= b.odds ? a : b), null);
  return best === null ? [] : [best];
}

/** A choice and a judge over all features. */
function fitWhole(questions: readonly RankedQuestion[]): Ranker {
  const choice = fitChoice(questions);
  const folds = Array.from({ length: judgeFolds }, (_, fold) => {
    const others = questions.filter((_, i) => i % judgeFolds !== fold);
    // So few that all of them are right, or none.
    return new Set(others.flatMap(({ right }) => right)).size < 2 ? choice : fitChoice(others);
  });
  // All candidates of a question share what is said of its passage: only one of each tells how much that is worth. It
  // is chosen by a fit that does not know it, which is less sure, as it will be of a new question.
  const chosen = questions.flatMap((question, at) => bestOf(question, folds[at % judgeFolds] as Logistic));
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
