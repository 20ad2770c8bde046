import type { Decision } from '../../../metrics/best-f1.js';
import { defineMetric } from '../../../metrics/define.js';
import { calibrationError, calibrationErrorByChance } from '../../../metrics/reliability.js';
import type { Pair } from '../../../types.js';
import { isRight } from '../right.js';

/** Calibration error of the given answers: for a withheld answer it is not known whether it is right. */
export const ece = defineMetric<Decision>({
  name: 'answer-ece',
  title: 'calibration error of answers (ECE)',
  better: 'lower',
  range: [0, 1],
  observe: givenAnswer,
  summarise: calibrationError,
  byChance: calibrationErrorByChance,
});

/** The answer of a pair with whether it is right; null where none was given. */
export function givenAnswer({ gold, output }: Pair): Decision | null {
  if (gold.type !== 'answer' || output?.type !== 'answer' || output.answer === null) return null;
  return { score: output.score, right: isRight(output.answer, gold.answers) };
}
