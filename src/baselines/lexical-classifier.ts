import { crossValidate } from '../linear/cross-validation.js';
import { train } from '../linear/logistic.js';
import type { DenseMatrix } from '../linear/matrix.js';
import { logProbabilities, predictLogProbabilities } from '../linear/model.js';
import type { Targets } from '../linear/targets.js';
import { fitClassTfidf, tfidfTransform } from '../linear/tfidf.js';
import { targetsOf as classTargets, outputsOf } from '../methods/candidates/classify-outputs.js';
import { bestF1Threshold } from '../metrics/best-f1.js';
import { scored } from '../task-types/classify/values.js';
import type { ClassifyOutput, Example } from '../types.js';
import { type LabelledText, labelledTexts } from './labelled-texts.js';
import { majorityLabel } from './majority.js';
import type { Baseline, BaselineContext } from './types.js';

/**
 * Strengths of L2 to choose from, and fewer of them and 2 folds where there are many weights: Banking77 with 30 a label
 * takes 12 s then. TF-IDF rows have length √2, where others gain nothing. Of several labels each has few texts.
 */
const efforts = {
  single: { small: [3, 1, 0.3, 0.1, 0.03], large: [0.3, 0.1, 0.03] },
  multi: { small: [0.3, 0.1, 0.03, 0.01], large: [0.1, 0.03] },
};

/** Strengths that a measurement out of fold chooses from; as many terms as a large dictionary has take seconds a fit. */
const heldOutGrids = {
  single: { small: [3, 1, 0.3, 0.1, 0.03], large: [1, 0.3] },
  multi: { small: [0.3, 0.1, 0.03, 0.01], large: [0.1, 0.03] },
};

const tolerance = 1e-4;

/**
 * From how many texts on two folds are enough to choose a strength. Of 2,000 sentences of SST-2 (three draws) and the
 * 2,210 examples of `sentiment`, they chose the one that five folds chose, in a third of the time.
 */
const enoughForTwoFolds = 1500;

/** Words, pairs of words and character n-grams by TF-IDF into a logistic regression; its strength by cross-validation. */
export const lexicalClassifier: Baseline = {
  name: 'lexical',
  title: 'TF-IDF and logistic regression',
  taskTypes: ['classify'],
  reported: true,
  heldOut,
  train(examples, context) {
    const texts = labelledTexts(examples);
    const labels = labelsOf(texts, context);
    if (texts.length < 2 || labels.length < 2) return majorityLabel.train(examples, context);

    const inputs = texts.map(({ text }) => text);
    const { tfidf, large } = fitClassTfidf(inputs, labels.length);
    const transform = tfidfTransform(tfidf);
    const X = transform(inputs);
    const targets = targetsOf(texts, labels, context.multiLabel);
    const effort = {
      grid: efforts[targets.kind][large ? 'large' : 'small'],
      folds: large || texts.length >= enoughForTwoFolds ? 2 : 5,
    };
    const { l2, heldOut } = crossValidate(X, targets, { ...effort, seed: context.seed, tolerance });
    const model = train(X, targets, { l2, tolerance });
    // As tuning does it, so that what is compared is the features.
    const threshold = targets.kind === 'multi' ? thresholdFor(heldOut, targets) : null;
    return (record): ClassifyOutput => {
      const probabilities = predictLogProbabilities(model, transform([record.text])).values.map(Math.exp);
      const scores = Object.fromEntries(labels.map((label, c) => [label, probabilities[c] as number]));
      const best = probabilities.indexOf(Math.max(...probabilities));
      const holding =
        threshold === null
          ? [labels[best] as string]
          : labels.filter((_, c) => (probabilities[c] as number) >= threshold);
      return scored(scores, holding, probabilities[best] as number);
    };
  },
};

/** One cross-validation chooses the strength and gives the outputs. */
function heldOut(examples: readonly Example[], { labels, multiLabel, seed }: BaselineContext): ClassifyOutput[] {
  const set = { labels: labels.map((name) => ({ name })), multiLabel };
  const texts = examples.map(({ record }) => record.text);
  const { tfidf, large } = fitClassTfidf(texts, labels.length);
  const X = tfidfTransform(tfidf)(texts);
  const targets = classTargets(set, examples);
  const grid = heldOutGrids[targets.kind][large ? 'large' : 'small'];
  const { heldOut: scores } = crossValidate(X, targets, { grid, folds: large ? 2 : 5, seed, tolerance });
  return outputsOf(set, logProbabilities(scores, targets.kind === 'multi' ? 'sigmoid' : 'softmax'));
}

/** The one with the best micro F1 on held-out texts. */
function thresholdFor(scores: DenseMatrix, { y }: Extract<Targets, { kind: 'multi' }>): number {
  const { values } = logProbabilities(scores, 'sigmoid');
  const decisions = Array.from(values, (value, at) => ({ score: Math.exp(value), right: y[at] === 1 }));
  return bestF1Threshold(decisions, y.filter((holds) => holds === 1).length) ?? 0.5;
}

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
