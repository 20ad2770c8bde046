import type { TaskType } from '../types.js';
import { bestSentence } from './best-sentence.js';
import { gazetteer } from './gazetteer.js';
import { lexicalClassifier } from './lexical-classifier.js';
import { majorityLabel, neverAnswers, noEntity } from './majority.js';
import { nearestOutput } from './nearest-output.js';
import type { Baseline } from './types.js';
import { wordTagger } from './word-tagger.js';

/** Every baseline; of those for the same task type, the strongest last. */
const baselines: readonly Baseline[] = [
  majorityLabel,
  noEntity,
  neverAnswers,
  gazetteer,
  lexicalClassifier,
  wordTagger,
  bestSentence,
  nearestOutput,
];

function baselinesFor(type: TaskType): Baseline[] {
  return baselines.filter(({ taskTypes }) => taskTypes.includes(type));
}

/** The baselines in the report of a task; free generation has none that would mean anything. */
export function reportedBaselines(type: TaskType): Baseline[] {
  return baselinesFor(type).filter(({ reported }) => reported);
}

/** The best one: tuning measures it beside its candidates. */
export function strongestBaseline(type: TaskType): Baseline {
  return baselinesFor(type).at(-1) as Baseline;
}
