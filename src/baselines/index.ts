import type { TaskType } from '../types.js';
import { bestSentence } from './best-sentence.js';
import { gazetteer } from './gazetteer.js';
import { lexicalClassifier } from './lexical-classifier.js';
import { majority } from './majority.js';
import type { Baseline } from './types.js';

export type { Baseline } from './types.js';

/** What stands beside a measured task; free generation has no baseline worth the name. */
export const baselines = {
  classify: [majority, lexicalClassifier],
  extract: [majority, gazetteer],
  answer: [majority, bestSentence],
  generate: [],
} satisfies Record<TaskType, readonly Baseline[]> as Readonly<Record<TaskType, readonly Baseline[]>>;
