import { baselinesFor } from '../../src/baselines/index.js';
import { exampleOf, isBadExample } from '../../src/examples.js';
import { decodeEntities } from '../../src/heads/entities.js';
import { tagCount, tagMask, tagsOf } from '../../src/heads/tags.js';
import { collectKeys, featureRows, wordFeatures } from '../../src/heads/word-features.js';
import { trainChain } from '../../src/linear/chain.js';
import { predictScores } from '../../src/linear/model.js';
import { loadProfile } from '../../src/profile/index.js';
import { placeOf } from '../../src/record.js';
import { fileSource, readerFor } from '../../src/records/index.js';
import { words as wordsOf } from '../../src/segment.js';
import { metricsFor } from '../../src/task-types/metrics.js';
import type { Example, InputRecord, Output, TaskProfile } from '../../src/types.js';

/** A file as the command line names it. */
export interface GoldFile {
  readonly file: string;
  readonly columns?: readonly string[];
  readonly labelMap?: Readonly<Record<string, string>>;
}

/**
 * The task's first metric without a language model, learned from the same examples and measured on the same ones:
 * TF-IDF with logistic regression, or word features with a chain of tags, or the best sentence.
 */
export async function withoutModel(
  task: string,
  cwd: string,
  folder: string,
  train: GoldFile,
  test: GoldFile,
): Promise<{ readonly title: string; readonly value: number | null }> {
  const profile = await loadProfile(task, { cwd, folders: [{ directory: folder, title: 'built in' }] });
  const [examples, held] = await Promise.all([readGold(profile, train), readGold(profile, test)]);
  const context = { labels: profile.labels.map(({ name }) => name), multiLabel: profile.multiLabel };
  const baseline = baselinesFor(profile.type).at(-1);
  if (baseline === undefined) throw new Error(`nothing to compare ${profile.type} with`);
  const extracts = profile.type === 'extract';
  const say = extracts ? tagger(examples, context.labels) : baseline.train(examples, { ...context, seed: 1 });
  const pairs = held.map(({ record, gold }) => ({ id: record.id, text: record.text, gold, output: say(record) }));
  const metric = metricsFor(profile.type, profile.multiLabel).find(
    ({ name }) => name === mainMetric(profile.type, profile.multiLabel),
  );
  const title = extracts ? 'word features and a chain of tags' : baseline.title;
  return { title, value: metric?.prepare(pairs, context).value() ?? null };
}

/** What stands in a table for each type of task. */
export function mainMetric(type: TaskProfile['type'], multiLabel: boolean): string {
  const names = { classify: 'accuracy', extract: 'entity-f1', answer: 'token-f1', generate: 'exact-output' };
  return multiLabel ? 'micro-f1' : names[type];
}

/** The yardstick of `slm tune` for extraction, fitted on all examples. */
function tagger(examples: readonly Example[], labels: readonly string[]): (record: InputRecord) => Output {
  const texts = examples.map(({ record: { text }, gold }) => {
    const words = wordsOf(text);
    const entities = gold.type === 'extract' ? gold.entities : [];
    return { features: wordFeatures(text, words), tags: tagsOf(words, entities, labels) };
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
  return ({ text }) => {
    const words = wordsOf(text);
    if (words.length === 0) return { type: 'extract', entities: [] };
    const scores = predictScores(model, rows(wordFeatures(text, words)));
    return { type: 'extract', entities: decodeEntities(text, words, labels, scores, model.steps).entities };
  };
}

async function readGold(profile: TaskProfile, { file, columns, labelMap = {} }: GoldFile): Promise<Example[]> {
  const rows = readerFor(null, file).read(fileSource(file), {
    maxRecordBytes: 8 << 20,
    onWarning: () => undefined,
    ...(columns === undefined ? {} : { columns }),
  });
  const examples: Example[] = [];
  for await (const row of rows) {
    const example = exampleOf(row, examples.length, {
      type: profile.type,
      input: profile.input,
      labels: profile.labels,
      multiLabel: profile.multiLabel,
      labelMap: new Map(Object.entries(labelMap)),
      field: null,
      labelField: null,
    });
    if (isBadExample(example)) throw new Error(`${placeOf(example.origin)}: ${example.error}`);
    examples.push(example);
  }
  return examples;
}
