import { foldedWords } from '../../folding.js';
import { isRight } from '../../task-types/answer/right.js';
import { type Logistic, logOdds, sigmoid } from '../logistic-judge.js';
import type { Scale } from '../passage-spans/answerability.js';

/** What is known of a sentence when it is judged. */
export interface JudgedSentence {
  /** Log-odds of "yes, the passage answers the question", nats; null where the model was not asked. */
  readonly answered: number | null;
  /** Share of the probability of all sentences of its passage that is with this one; above 0, up to 1. */
  readonly share: number;
  /** Log-probability of its first tokens, nats. */
  readonly logprob: number;
  /** Share of the question's words, by rarity, that the sentence has; 0 to 1. */
  readonly coverage: number;
  /** The same for its passage. */
  readonly passageCoverage: number;
}

/** Of the features. */
export const featureNames = ['answered', 'log share', 'log p', 'sentence', 'passage'] as const;

/** Bounded, so that what is fitted on little stays sane. */
export function featuresOf({ answered, share, logprob, coverage, passageCoverage }: JudgedSentence): number[] {
  return [
    Math.max(-8, Math.min(8, answered ?? 0)),
    Math.max(-6, Math.log(share)),
    Math.max(-12, logprob),
    coverage,
    passageCoverage,
  ];
}

/** Where no examples tell, for a model without chat turns: likelihood and words count. */
export const defaultJudge: Logistic = { weights: [0, 1, 0, 1.5, 1], intercept: -0.5 };

/**
 * The same with what a model in chat turns says of the passage.
 * @param scale of the model's log-odds
 */
export function judgeWith({ middle, spread }: Scale): Logistic {
  const answered = 1 / spread;
  return { weights: [answered, 1, 0, 0.5, 0], intercept: -answered * middle };
}

/** Probability that a sentence answers its question. */
export function probabilityOf(sentence: JudgedSentence, judge: Logistic): number {
  return sigmoid(logOdds(judge, featuresOf(sentence)));
}

/** Whether a sentence has one of the accepted answers, is one, or is a part of one that is several sentences. */
export function isRightSentence(sentence: string, accepted: readonly string[]): boolean {
  const own = ` ${foldedWords(sentence).join(' ')} `;
  return accepted.some((answer) => {
    const other = ` ${foldedWords(answer).join(' ')} `;
    return own.includes(other) || other.includes(own) || isRight(sentence, [answer]);
  });
}
