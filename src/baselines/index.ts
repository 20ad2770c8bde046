import type { TaskType } from '../types.js';
import { bestSentence } from './best-sentence.js';
import { gazetteer } from './gazetteer.js';
import { lexicalClassifier } from './lexical-classifier.js';
import { majorityLabel, neverAnswers, noEntity } from './majority.js';
import type { Baseline } from './types.js';

export type { Baseline } from './types.js';

/** Every baseline; free generation has none worth the name. */
const baselines: readonly Baseline[] = [
  majorityLabel,
  lexicalClassifier,
  noEntity,
  gazetteer,
  neverAnswers,
  bestSentence,
];

/** What stands beside a measured task of this type. */
export function baselinesFor(type: TaskType): Baseline[] {
  return baselines.filter(({ taskTypes }) => taskTypes.includes(type));
}
