import { f1Score } from '../../task-types/answer/metrics/squad.js';
import { answersIn } from '../../task-types/answer/values.js';
import type { AnswerOutput, Example } from '../../types.js';

/**
 * The threshold nearest to the usual one that is not clearly worse than the best, by token F1, where no answer is right
 * for questions without one. "Clearly" is by more than one standard error of what the answers between both gain: the best
 * one of some dozen questions is often far off by chance.
 */
export function answerThreshold(examples: readonly Example[], outputs: readonly AnswerOutput[], usual: number): number {
  const gains = outputs
    .map((output, i) => ({ score: output.score, gain: gainOf(examples[i] as Example, output) }))
    .sort((a, b) => b.score - a.score);
  const cuts: Cut[] = [{ min: 1, sum: 0, squares: 0 }];
  let sum = 0;
  let squares = 0;
  gains.forEach(({ score, gain }, i) => {
    sum += gain;
    squares += gain ** 2;
    const next = gains[i + 1]?.score ?? 0;
    if (next < score) cuts.push({ min: Math.round(((score + next) / 2) * 1000) / 1000, sum, squares });
  });
  const best = cuts.reduce((a, b) => (b.sum > a.sum ? b : a));
  const asGood = cuts.filter((cut) => best.sum - cut.sum <= Math.sqrt(Math.abs(best.squares - cut.squares)));
  return asGood.reduce((a, b) => (Math.abs(b.min - usual) < Math.abs(a.min - usual) ? b : a)).min;
}

/** A threshold between two scores, with what the answers above it gain, and the sum of the squares of that. */
interface Cut {
  readonly min: number;
  readonly sum: number;
  readonly squares: number;
}

/** Token F1 of giving the answer, less that of giving none. */
function gainOf({ gold }: Example, { answer }: AnswerOutput): number {
  const accepted = answersIn(gold);
  const given = answer === null ? 0 : Math.max(0, ...accepted.map((each) => f1Score(each, answer)));
  return given - (accepted.length === 0 ? 1 : 0);
}
