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
 * @param fixed the one of this model that holds without examples; null for a model that has none
 */
export function fitRanker(questions: readonly RankedQuestion[], fixed: Logistic | null): Ranker {
  return fixed === null ? fitWhole(questions) : fitToFixed(questions, fixed);
}

/**
 * Answers in chat turns are few and good, so fixed weights choose. How much their odds are worth, and what the model says
 * of the sentence beside them, is all that is fitted: some dozen questions are too few for more. What the model says of the
 * whole passage, which takes as long to read as the answer, is left out unless it clearly helps.
 */
function fitToFixed(questions: readonly RankedQuestion[], { weights, intercept }: Logistic): Ranker {
  const all = featureNames.map((_, i) => weights[i] ?? 0);
  const ofPassage = fitForm(questions, { choice: { weights: all, intercept }, sentence: usualSentenceWeight });
  const without = all.map((weight, i) => (i === answeredAt ? 0 : i === sentenceAt ? usualSentenceWeight : weight));
  const ofSentence = fitForm(questions, { choice: { weights: without, intercept: 0 }, sentence: 0 });
  // All right, or all wrong: nothing tells what they are worth.
  if (ofPassage === null || ofSentence === null) return { weights, intercept };
  return ofPassage.loss + clearlyWorse < ofSentence.loss ? ofPassage.ranker : ofSentence.ranker;
}

/** Nats over all questions, held out. */
const clearlyWorse = 1;

/** Fixed weights that choose, and what the judge's weight of the sentence is drawn to. */
interface Form {
  readonly choice: Logistic;
  readonly sentence: number;
}

/** Fits a judge to what the weights of a form choose; its log-loss is held out, in nats. */
function fitForm(
  questions: readonly RankedQuestion[],
  { choice, sentence }: Form,
): { readonly ranker: Ranker; readonly loss: number } | null {
  const chosen = questions.flatMap((question) => bestOf(question, choice));
  if (new Set(chosen.map(({ right }) => right)).size < 2) return null;
  const fit = (some: readonly Chosen[]): Logistic => {
    const { weights, intercept } = fitLogistic(
      some.map(({ candidate, odds }) => [odds, boundedOdds(candidate.sentenceAnswered)]),
      some.map(({ right }) => right),
      { towards: { weights: [1, sentence], intercept: 0 }, l2: judgeStrength },
    );
    const [ofChoice = 0, ofSentence = 0] = weights;
    return { weights: judgeNames.map((_, i) => (i === 0 ? ofChoice : 0)).with(-1, ofSentence), intercept };
  };
  const held = Array.from({ length: judgeFolds }, (_, fold) => {
    const others = chosen.filter((_, i) => i % judgeFolds !== fold);
    return new Set(others.map(({ right }) => right)).size < 2 ? unjudged : fit(others);
  });
  const loss = chosen.reduce((sum, { candidate, odds, right }, at) => {
    const judge = held[at % judgeFolds] as Logistic;
    const probability = sigmoid(logOdds(judge, judgedFeatures(candidate, odds)));
    return sum - Math.log(Math.max(1e-6, right ? probability : 1 - probability));
  }, 0);
  return { ranker: { ...choice, judge: fit(chosen) }, loss };
}

/** Between those fitted for models of 0.5B and 1.5B on the examples of `qa`. */
const usualSentenceWeight = 0.7;
/** L2 on the distance from the usual weights, of standardised features. */
const judgeStrength = 5;
/** The judge that believes the choice as it is. */
const unjudged: Logistic = { weights: [1], intercept: 0 };

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
