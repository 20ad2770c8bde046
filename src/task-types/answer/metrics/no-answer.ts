import { type Counts, f1Of, total } from '../../../metrics/counts.js';
import { defineMetric } from '../../../metrics/define.js';
import { isAnswerable } from './squad.js';

/** F1 of saying "no answer" where there is none. A failed record has said nothing. */
export const noAnswerF1 = defineMetric<Counts>({
  name: 'no-answer-f1',
  title: 'no-answer F1',
  better: 'higher',
  range: [0, 1],
  observe(pair) {
    const answerable = isAnswerable(pair);
    if (answerable === null) return null;
    const declined = pair.output?.type === 'answer' && pair.output.answer === null;
    return {
      tp: Number(declined && !answerable),
      fp: Number(declined && answerable),
      fn: Number(!declined && !answerable),
    };
  },
  summarise: (stats) => f1Of(total(stats)),
});

/**
 * Probability that an answerable question scores above an unanswerable one, ties counted half: the area under
 * the ROC curve as Mann and Whitney's U. J. Hanley, B. McNeil, "The Meaning and Use of the Area under a Receiver
 * Operating Characteristic (ROC) Curve", Radiology 143, 1982. Independent of the threshold; failed records have
 * no score and are left out.
 */
export const noAnswerAuroc = defineMetric<{ readonly score: number; readonly answerable: boolean }>({
  name: 'no-answer-auroc',
  title: 'answerable or not (AUROC)',
  better: 'higher',
  range: [0, 1],
  observe(pair) {
    const answerable = isAnswerable(pair);
    return answerable === null || pair.output?.type !== 'answer' ? null : { score: pair.output.score, answerable };
  },
  summarise(stats) {
    const split = (wanted: boolean): Float64Array =>
      Float64Array.from(stats.flatMap(({ score, answerable }) => (answerable === wanted ? [score] : []))).sort();
    return area(split(true), split(false));
  },
});

/** Share of pairs in which the positive score is greater, half of the equal ones; both sorted. Null without one or the other. */
function area(positives: Float64Array, negatives: Float64Array): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  let below = 0;
  let upTo = 0;
  let sum = 0;
  for (const score of positives) {
    while (below < negatives.length && (negatives[below] as number) < score) below++;
    while (upTo < negatives.length && (negatives[upTo] as number) <= score) upTo++;
    sum += (below + upTo) / 2;
  }
  return sum / (positives.length * negatives.length);
}
