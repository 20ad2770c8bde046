import { decodeEntities } from '../heads/entities.js';
import { tagCount, tagMask, tagsOf } from '../heads/tags.js';
import { collectKeys, featureRows, wordFeatures } from '../heads/word-features.js';
import { trainChain } from '../linear/chain.js';
import { predictScores } from '../linear/model.js';
import { words as wordsOf } from '../segment.js';
import { entitiesOf, extracted } from '../task-types/extract/values.js';
import type { ExtractOutput } from '../types.js';
import type { Baseline } from './types.js';

/** A chain over words and their shapes alone. */
export const wordTagger: Baseline = {
  name: 'word-tagger',
  title: 'word features alone',
  taskTypes: ['extract'],
  reported: false,
  train(examples, { labels }) {
    const texts = examples.map(({ record, gold }) => {
      const words = wordsOf(record.text);
      return { features: wordFeatures(record.text, words), tags: tagsOf(words, entitiesOf(gold), labels) };
    });
    const all = texts.flatMap(({ features }) => features);
    const rows = featureRows(collectKeys(all, all.length > 4000 ? 2 : 1));
    const model = trainChain(
      rows(all),
      Int32Array.from(texts.flatMap(({ tags }) => [...tags])),
      texts.map(({ tags }) => tags.length),
      tagCount(labels.length),
      { l2: 1, mask: tagMask(labels.length), tolerance: 1e-3 },
    );
    return ({ text }): ExtractOutput => {
      const words = wordsOf(text);
      if (words.length === 0) return extracted([]);
      const scores = predictScores(model, rows(wordFeatures(text, words)));
      return extracted(decodeEntities(text, words, labels, scores, model.steps).entities);
    };
  },
};
