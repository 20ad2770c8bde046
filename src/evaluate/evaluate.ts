import { quantile } from '../metrics/bootstrap.js';
import { perClass } from '../metrics/per-class.js';
import type { MetricContext } from '../metrics/types.js';
import { openStages, predict, settingsDigest, type Task, usageOf } from '../predict.js';
import { amongExamples, chosenLabels, requireSomeAmong } from '../task-types/among.js';
import { taskTypes } from '../task-types/index.js';
import { metricsFor } from '../task-types/metrics.js';
import type { EngineUsage, Example, Pair, Prediction } from '../types.js';
import { baselinesOf, checkGoal, coverageOf, figuresOf } from './figures.js';
import { byTag, isGrounded, mistakesOf, pairOf, recordName } from './records.js';
import type { Report } from './report.js';
import { stageReports } from './stages.js';

export interface EvaluateOptions {
  /** Name of the data in the report. */
  readonly source: string;
  readonly seed: number;
  readonly now: () => number;
  readonly peakMemoryBytes: () => number;
  readonly onProgress: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** How far a measurement is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly correct: number;
  readonly failed: number;
}

/** Predicts every example just as `run` would, and measures. */
export async function evaluate(task: Task, given: readonly Example[], options: EvaluateOptions): Promise<Report> {
  const { profile, engine } = task;
  requireSomeAmong(given, profile);
  const examples = amongExamples(given, profile);
  // All models are loaded before the clock starts, as a single model is.
  const stages = await openStages(task);
  const before = usageOf(task);
  const start = options.now();
  const predictions = await predictAll(task, examples, options);
  if (predictions.length === 0) options.signal?.throwIfAborted();
  const seconds = (options.now() - start) / 1000;
  const after = usageOf(task);
  const measured = examples.slice(0, predictions.length);
  const pairs = measured.map((example, i) => pairOf(example, predictions[i]?.output ?? null));
  const context: MetricContext = {
    labels: chosenLabels(profile).map((label) => label.name),
    multiLabel: profile.multiLabel,
  };
  const definition = taskTypes[profile.type];
  const suite = metricsFor(profile.type, profile.multiLabel);
  // Resampling takes seconds; whoever has interrupted the measurement gets the figures at once, without intervals.
  const interrupted = options.signal?.aborted === true;
  const figures = figuresOf(suite, pairs, context, interrupted ? null : options.seed);
  const tokens = after.evaluatedTokens + after.generatedTokens - before.evaluatedTokens - before.generatedTokens;
  return {
    task: profile.name,
    type: profile.type,
    method: profile.method,
    settings: settingsDigest(profile),
    model: { name: engine.model.name, sha256: task.stage === undefined ? engine.model.sha256 : null },
    ...(task.stage === undefined ? {} : { stages: stageReports(stages, pairs) }),
    data: {
      source: options.source,
      n: pairs.length,
      ...(profile.among === undefined ? {} : { among: profile.among, leftOut: given.length - examples.length }),
    },
    seed: options.seed,
    figures,
    goals: profile.metrics.map((goal) => checkGoal(goal, figures)),
    baselines: interrupted ? [] : baselinesOf(profile, measured, suite, context, options.seed),
    perClass: definition.countsByLabel === null ? [] : perClass(definition.countsByLabel(pairs), context.labels),
    confusion: definition.confusion(pairs, context.labels, profile.multiLabel),
    coverage: coverageOf(profile, pairs),
    byTag: byTag(measured, pairs),
    mistakes: mistakesOf(measured, pairs),
    ungrounded: predictions.filter(({ record, output }) => !isGrounded(task, record, output)).length,
    failed: predictions.filter((prediction) => prediction.error !== undefined).length,
    speed: {
      seconds,
      recordsPerSecond: pairs.length / seconds,
      tokensPerRecord: tokens / pairs.length,
      peakMemoryBytes: options.peakMemoryBytes(),
      latencyMs: latencyOf(predictions),
      cost: {
        secondsPerThousand: (1000 * seconds) / pairs.length,
        ...(after.money === undefined ? {} : { moneyPerThousand: perThousand(before, after, pairs.length) }),
      },
    },
    records: predictions.map(({ output = null, error, ms }, i) => ({
      ...recordName(measured[i] as Example),
      correct: output !== null && definition.correct(pairs[i] as Pair),
      output,
      ...(error === undefined ? {} : { error }),
      ms,
    })),
  };
}

async function predictAll(task: Task, examples: readonly Example[], options: EvaluateOptions): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  const definition = taskTypes[task.profile.type];
  let correct = 0;
  let failed = 0;
  const { signal } = options;
  const records = examples.map(({ record }) => record);
  const stream = predict(task, records, {
    explain: false,
    now: options.now,
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const prediction of stream) {
    const example = examples[predictions.length] as Example;
    predictions.push(prediction);
    if (prediction.error !== undefined) failed++;
    else if (definition.correct(pairOf(example, prediction.output ?? null))) correct++;
    options.onProgress({ done: predictions.length, total: examples.length, correct, failed });
  }
  return predictions;
}

function latencyOf(predictions: readonly Prediction[]) {
  const sorted = Float64Array.from(predictions, ({ ms }) => ms).sort();
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

function perThousand(before: EngineUsage, after: EngineUsage, n: number): number | null {
  return after.money == null ? null : (1000 * (after.money - (before.money ?? 0))) / n;
}
