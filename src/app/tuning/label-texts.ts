import path from 'node:path';
import { fileCache } from '../../cache.js';
import { usageError } from '../../errors.js';
import { contentReader } from '../../jobs/known-outputs.js';
import { digestOf } from '../../jobs/rolling-digest.js';
import type { JobSpec } from '../../jobs/spec.js';
import { type Correction, correctionFrom, taughtExamples } from '../../methods/teaching.js';
import { predict, type Task, usageOf } from '../../predict.js';
import { withoutLeaks } from '../../profile/leaks.js';
import { isBadRow } from '../../record.js';
import { fileSource, stdinSource } from '../../records/index.js';
import { spreadOrder } from '../../tune/spread.js';
import type { Document, EngineUsage, Example, InputRecord, Output, TaskProfile } from '../../types.js';
import type { EngineFlags } from '../opening/flags.js';
import { openTaskFor } from '../opening/open-cascade.js';
import type { GoldFlags } from '../run/gold.js';
import { choiceFor, readRecords } from '../run/inputs.js';
import { recogniseInputs } from '../run/recognise-inputs.js';
import { outputBasis } from '../run/run-spec.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/** The request to a larger model. */
export interface LabelRequest {
  readonly profile: TaskProfile;
  readonly teacher: string;
  /** Texts that nobody has labelled; "-" is standard input. */
  readonly unlabelled: string;
  /** Name of their format; null where the suffix or the content says it. */
  readonly format: string | null;
  /** Labelled rows, by which the teacher is corrected and judged; may be empty. */
  readonly gold: readonly Example[];
  readonly documents: readonly Document[];
  readonly flags: EngineFlags &
    Pick<GoldFlags, 'maxRecordSize' | 'limit' | 'field' | 'columns' | 'delimiter' | 'encoding' | 'wording'>;
  /** Milliseconds for the labels. */
  readonly budgetMs: number;
  readonly seed: number;
  readonly onProgress: (done: number, total: number) => void;
}

/** Labels of the teacher, and their cost. */
export interface TeacherLabels {
  readonly examples: readonly Example[];
  readonly correction: Correction | null;
  /** Outputs for the labelled rows; null where the teacher failed. */
  readonly goldOutputs: readonly (Output | null)[];
  readonly teacher: string;
  /** All that were given, without repetitions. */
  readonly texts: number;
  /** Number of texts that were labelled now; the others were known from before. */
  readonly fresh: number;
  readonly failed: number;
  readonly seconds: number;
  readonly usage: EngineUsage;
}

/** More texts hardly make a head any better. */
const mostTexts = 5000;
/** Labels after which they are kept, should the process end. */
const keptEach = 100;

/**
 * Lets a larger model label texts, until the time is over: first the labelled rows, then a choice of texts that is spread
 * over all. Its labels are kept, so that the same command goes on from there.
 * @throws SlmError where there are no texts, or the model cannot be used
 */
export async function labelTexts(surroundings: Surroundings, request: LabelRequest): Promise<TeacherLabels> {
  const { profile, teacher, gold, flags, documents, seed } = request;
  const records = await recordsOf(surroundings, request);
  const texts = records.map(({ text }) => text);
  const chosen = spreadOrder(texts, Math.min(texts.length, mostTexts), seed).map(
    (place) => records[place] as InputRecord,
  );
  const { task, close } = await openTaskFor(surroundings, profile, { ...flags, model: teacher }, 'many', documents);
  try {
    const known = await keptLabels(surroundings, task, await outputBasis(surroundings, task, documents, flags));
    const before = usageOf(task);
    const start = surroundings.now();
    // Labelled rows are few, and come on top.
    let textsSince: number | null = null;
    const inTime = (given: number) => {
      if (given < gold.length) return true;
      textsSince ??= surroundings.now();
      return surroundings.now() - textsSince < request.budgetMs;
    };
    const asked = [...gold.map(({ record }) => record), ...chosen];
    const answered: (Output | null)[] = [];
    async function* timed(): AsyncGenerator<InputRecord> {
      let given = 0;
      for (const record of asked) {
        if (!known.has(record) && !inTime(given)) return;
        given++;
        yield record;
      }
    }
    let problem: string | null = null;
    try {
      for await (const { output, error } of predict(task, timed(), {
        explain: false,
        now: surroundings.now,
        signal: surroundings.signal,
        known,
      })) {
        answered.push(output ?? null);
        problem ??= error ?? null;
        request.onProgress(answered.length, asked.length);
      }
    } finally {
      // Also those before a service that fails, or a budget that is spent.
      await known.keep();
    }
    surroundings.signal.throwIfAborted();
    if (problem !== null) {
      const failed = answered.filter((output) => output === null).length;
      surroundings.notice(
        `${task.engine.model.name} failed at ${failed} of ${answered.length} texts; the first: ${problem}`,
      );
    }
    const goldOutputs = answered.slice(0, gold.length);
    const said = answered.slice(gold.length);
    const correction = correctionFrom(profile, gold, goldOutputs, seed);
    const examples = taughtExamples(profile, chosen.slice(0, said.length), said, correction);
    if (examples.length === 0) {
      throw usageError(
        `${task.engine.model.name} has labelled no text${answered.length > gold.length ? ': it failed at each' : ' in its time'}.`,
        'Give it more time with --budget, or try it with `slm run`.',
      );
    }
    return {
      examples,
      correction,
      goldOutputs,
      teacher: task.engine.model.name,
      texts: records.length,
      fresh: known.fresh(),
      failed: answered.filter((output) => output === null).length,
      seconds: (surroundings.now() - start) / 1000,
      usage: difference(usageOf(task), before),
    };
  } finally {
    await close();
  }
}

/** Texts without repetitions, and without those that labels are known of: fixtures, and labelled rows. */
async function recordsOf(surroundings: Surroundings, request: LabelRequest): Promise<InputRecord[]> {
  const { profile, unlabelled, format, gold, flags } = request;
  const source = unlabelled === '-' ? stdinSource(surroundings.stdin) : fileSource(unlabelled, surroundings.cwd);
  const choice = choiceFor(format, unlabelled);
  // A text file is a text in each line.
  const given = { source, ...(choice.reader.name === 'text' ? choiceFor('lines', unlabelled) : choice) };
  const inputs = await recogniseInputs(surroundings, [given], flags, 'dataFormat', flags.wording);
  const byText = new Map<string, { readonly record: InputRecord }>();
  const left = { unreadable: 0, empty: 0, repeated: 0 };
  for await (const record of readRecords(surroundings, inputs, profile, flags)) {
    if (isBadRow(record)) left.unreadable++;
    else if (record.text.trim() === '') left.empty++;
    else if (byText.has(record.text.trim())) left.repeated++;
    else byText.set(record.text.trim(), { record });
  }
  const notice = (count: number, what: string) => {
    if (count > 0) surroundings.notice(`${count} ${what} and are left out`);
  };
  notice(left.unreadable, `rows of ${unlabelled} have no text`);
  notice(left.empty, `texts of ${unlabelled} are empty`);
  notice(left.repeated, `texts of ${unlabelled} are repetitions`);
  const fresh = withoutLeaks(profile.type, [...byText.values()], [...profile.fixtures, ...gold]);
  notice(byText.size - fresh.length, `texts of ${unlabelled} also stand among the fixtures or the labelled rows`);
  if (fresh.length === 0) throw usageError(`"${unlabelled}" has no texts that the teacher could label`);
  return fresh.map(({ record }) => record);
}

/** Labels of earlier runs of the same teacher and task: of nothing that has changed since. */
async function keptLabels(surroundings: Surroundings, { profile }: Task, basis: JobSpec) {
  const contentOf = contentReader(profile);
  const keyOf = (record: InputRecord) => digestOf(contentOf(record));
  const key = digestOf(basis);
  const cache = fileCache(path.join(cacheDirectory(surroundings), 'teacher'));
  const labels = new Map(Object.entries(((await cache.get(key)) ?? {}) as Record<string, Output>));
  let fresh = 0;
  const keep = () => cache.set(key, Object.fromEntries(labels));
  return {
    keep,
    fresh: () => fresh,
    has: (record: InputRecord) => labels.has(keyOf(record)),
    get: async (record: InputRecord) => labels.get(keyOf(record)) ?? null,
    async set(record: InputRecord, output: Output) {
      labels.set(keyOf(record), output);
      if (++fresh % keptEach === 0) await keep();
    },
  };
}

function difference(after: EngineUsage, before: EngineUsage): EngineUsage {
  return {
    ...after,
    evaluatedTokens: after.evaluatedTokens - before.evaluatedTokens,
    generatedTokens: after.generatedTokens - before.generatedTokens,
  };
}
