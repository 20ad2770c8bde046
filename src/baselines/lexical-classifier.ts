import { crossValidate } from '../linear/cross-validation.js';
import { train } from '../linear/logistic.js';
import { predictLogProbabilities } from '../linear/model.js';
import type { Targets } from '../linear/targets.js';
import { fitClassTfidf, tfidfTransform } from '../linear/tfidf.js';
import type { ClassifyOutput } from '../types.js';
import { type LabelledText, labelledTexts } from './labelled-texts.js';
import { majority } from './majority.js';
import type { Baseline, BaselineContext } from './types.js';

/** Strengths of L2 to choose from: TF-IDF rows have length √2, where others gain nothing. */
const strengths = [3, 1, 0.3, 0.1, 0.03];

const tolerance = 1e-4;

/** Words, pairs of words and character n-grams by TF-IDF into a logistic regression; its strength by cross-validation. */
export const lexicalClassifier: Baseline = {
  name: 'lexical',
  title: 'TF-IDF and logistic regression',
  taskTypes: ['classify'],
  train(examples, context) {
    const texts = labelledTexts(examples);
    const labels = labelsOf(texts, context);
    if (texts.length < 2 || labels.length < 2) return majority.train(examples, context);

    const inputs = texts.map(({ text }) => text);
    const { tfidf, large } = fitClassTfidf(inputs, labels.length);
    const transform = tfidfTransform(tfidf);
    const X = transform(inputs);
    const targets = targetsOf(texts, labels, context.multiLabel);
    // With many weights, what is tried is cut down too: Banking77 with 30 a label takes 12 s then.
    const effort = large ? { grid: strengths.slice(2), folds: 2 } : { grid: strengths, folds: 5 };
    const { l2 } = crossValidate(X, targets, { ...effort, seed: context.seed, tolerance });
    const model = train(X, targets, { l2, tolerance });
    return (record): ClassifyOutput => {
      const probabilities = predictLogProbabilities(model, transform([record.text])).values.map(Math.exp);
      const scores = Object.fromEntries(labels.map((label, c) => [label, probabilities[c] as number]));
      const best = probabilities.indexOf(Math.max(...probabilities));
      const holding = context.multiLabel
        ? labels.filter((_, c) => (probabilities[c] as number) > 0.5)
        : [labels[best] as string];
      return { type: 'classify', labels: holding, abstained: false, score: probabilities[best] as number, scores };
    };
  },
};

/** The profile's labels, then further ones that the examples have. */
function labelsOf(texts: readonly LabelledText[], context: BaselineContext): string[] {
  return [...new Set([...context.labels, ...texts.flatMap(({ labels }) => labels)])];
}

function targetsOf(texts: readonly LabelledText[], labels: readonly string[], multiLabel: boolean): Targets {
  const classes = labels.length;
  const index = new Map(labels.map((label, c) => [label, c]));
  if (!multiLabel) {
    return { kind: 'single', classes, y: Int32Array.from(texts, (text) => index.get(text.labels[0] ?? '') ?? 0) };
  }
  const y = new Uint8Array(texts.length * classes);
  texts.forEach((text, row) => {
    for (const label of text.labels) y[row * classes + (index.get(label) as number)] = 1;
  });
  return { kind: 'multi', classes, y };
}
