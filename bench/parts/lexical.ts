import { strongestBaseline } from '../../src/baselines/index.js';
import { exampleOf, isBadExample } from '../../src/examples.js';
import { loadProfile } from '../../src/profile/index.js';
import { placeOf } from '../../src/record.js';
import { fileSource, readerFor } from '../../src/records/index.js';
import { asFlags } from '../../src/task-types/gold-wording.js';
import { metricsFor } from '../../src/task-types/metrics.js';
import type { Example, TaskProfile } from '../../src/types.js';

/** A file as the command line names it. */
export interface GoldFile {
  readonly file: string;
  readonly columns?: readonly string[];
  readonly labelMap?: Readonly<Record<string, string>>;
  /** Labels to choose among. */
  readonly among?: readonly string[];
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
  const { title, train: learn } = strongestBaseline(profile.type, examples);
  const say = learn(examples, { ...context, seed: 1 });
  const pairs = held.map(({ record, gold }) => ({ id: record.id, text: record.text, gold, output: say(record) }));
  const metric = metricsFor(profile.type, profile.multiLabel).find(
    ({ name }) => name === mainMetric(profile.type, profile.multiLabel),
  );
  return { title, value: metric?.prepare(pairs, context).value() ?? null };
}

/** What stands in a table for each type of task. */
export function mainMetric(type: TaskProfile['type'], multiLabel: boolean): string {
  const names = { classify: 'accuracy', extract: 'entity-f1', answer: 'token-f1', generate: 'exact-output' };
  return multiLabel ? 'micro-f1' : names[type];
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
      ownLabelField: null,
      wording: asFlags,
    });
    if (isBadExample(example)) throw new Error(`${placeOf(example.origin)}: ${example.error}`);
    examples.push(example);
  }
  return examples;
}
