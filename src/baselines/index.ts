import type { TaskType } from '../types.js';
import { bestSentence } from './best-sentence.js';
import { gazetteer } from './gazetteer.js';
import { lexicalClassifier } from './lexical-classifier.js';
import { majority } from './majority.js';
import { nearestOutput } from './nearest-output.js';
import type { Baseline } from './types.js';
import { wordTagger } from './word-tagger.js';

interface Baselines {
  /** What stands beside a measured task in a report; they are trained in a moment. */
  readonly reported: readonly Baseline[];
  /** The best one: tuning measures it beside its candidates. */
  readonly strongest: Baseline;
}

/** Baselines by task type; a report on free generation has none worth the name. */
export const baselines: Readonly<Record<TaskType, Baselines>> = {
  classify: { reported: [majority, lexicalClassifier], strongest: lexicalClassifier },
  extract: { reported: [majority, gazetteer], strongest: wordTagger },
  answer: { reported: [majority, bestSentence], strongest: bestSentence },
  generate: { reported: [], strongest: nearestOutput },
};
