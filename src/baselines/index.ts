import type { Example, TaskType } from '../types.js';
import { bestSentence } from './best-sentence.js';
import { gazetteer } from './gazetteer.js';
import { lexicalClassifier } from './lexical-classifier.js';
import { majorityLabel, noEntity, sameAnswer } from './majority.js';
import { nearestOutput } from './nearest-output.js';
import type { Baseline } from './types.js';
import { wordTagger } from './word-tagger.js';

/** Every baseline; of those for the same task type, the strongest last. */
const baselines: readonly Baseline[] = [
  majorityLabel,
  noEntity,
  sameAnswer,
  gazetteer,
  lexicalClassifier,
  wordTagger,
  bestSentence,
  nearestOutput,
];

function baselinesFor(type: TaskType, examples: readonly Example[]): Baseline[] {
  return baselines.filter(({ taskTypes, suits }) => taskTypes.includes(type) && (suits?.(examples) ?? true));
}

/** The baselines in the report of a task; free generation has none that would mean anything. */
export function reportedBaselines(type: TaskType, examples: readonly Example[]): Baseline[] {
  return baselinesFor(type, examples).filter(({ reported }) => reported);
}

/** The best one for a task with such examples: tuning measures it beside its candidates. */
export function strongestBaseline(type: TaskType, examples: readonly Example[]): Baseline {
  return baselinesFor(type, examples).at(-1) as Baseline;
}
