import type { AnswerOutput, ClassifyOutput, Example, ExtractOutput, InputRecord, Output } from '../types.js';
import { labelledTexts } from './labelled-texts.js';
import type { Baseline, BaselineContext } from './types.js';

/** Always the same: the most frequent label with the labels' frequencies as scores; no entity; no answer. */
export const majority: Baseline = {
  name: 'majority',
  title: 'always the most frequent',
  taskTypes: ['classify', 'extract', 'answer'],
  train(examples, context) {
    const output = constantOutput(examples, context);
    return (_record: InputRecord) => output;
  },
};

function constantOutput(examples: readonly Example[], context: BaselineContext): Output {
  const type = examples[0]?.gold.type ?? 'classify';
  if (type === 'extract') return { type, entities: [] } satisfies ExtractOutput;
  if (type === 'answer') return noAnswer(examples);
  return mostFrequentLabel(examples, context);
}

/** Probabilities by relative frequency; equal ones where there are no examples. With several labels, those that hold more often than not. */
function mostFrequentLabel(examples: readonly Example[], { labels, multiLabel }: BaselineContext): ClassifyOutput {
  const counts = new Map(labels.map((label) => [label, 0]));
  const texts = labelledTexts(examples);
  for (const text of texts) {
    for (const label of text.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const share = (count: number): number => (texts.length === 0 ? 1 / counts.size : count / texts.length);
  const scores = Object.fromEntries([...counts].map(([label, count]) => [label, share(count)]));
  const [best, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', -1]);
  const holding = multiLabel ? [...counts.keys()].filter((label) => (scores[label] as number) > 0.5) : [best];
  return { type: 'classify', labels: holding, abstained: false, score: share(Math.max(0, count)), scores };
}

/** A constant answer other than none is never right on new questions; the score is the share that has an answer. */
function noAnswer(examples: readonly Example[]): AnswerOutput {
  const answerable = examples.filter(({ gold }) => gold.type === 'answer' && gold.answers.length > 0).length;
  return {
    type: 'answer',
    answer: null,
    score: answerable / examples.length,
    reason: 'this baseline never answers',
  };
}
