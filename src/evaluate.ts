import { reportedBaselines } from './baselines/index.js';
import { digestOf } from './jobs/rolling-digest.js';
import { bootstrapIntervals, type Interval, quantile } from './metrics/bootstrap.js';
import { type ClassRow, perClass } from './metrics/per-class.js';
import { type CoveragePoint, riskCoverage } from './metrics/risk-coverage.js';
import type { ConfusionMatrix, Metric, MetricContext, PreparedMetric } from './metrics/types.js';
import type { OrderProbe } from './order-probe.js';
import { openStages, predict, settingsDigest, type Task, usageOf } from './predict.js';
import { placeOf } from './record.js';
import { amongExamples, chosenLabels, requireSomeAmong } from './task-types/among.js';
import { taskTypes } from './task-types/index.js';
import { metricsFor } from './task-types/metrics.js';
import type { EngineUsage, Example, InputRecord, MetricGoal, Output, Pair, Prediction, TaskProfile } from './types.js';

/** A metric's value with its interval; `value` is null where it is undefined. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly better: 'higher' | 'lower';
  readonly value: number | null;
  readonly interval: Interval | null;
  /** Items that the metric applies to. */
  readonly n: number;
  /** A calibration error alone: what right probabilities would have on so many items by chance, on average. */
  readonly byChance?: number;
}

export interface Mistake {
  readonly id: string;
  /** `file:line` of the record. */
  readonly place: string;
  readonly text: string;
  readonly gold: string;
  readonly predicted: string;
  /** How sure the method was, where that is one number. */
  readonly score: number | null;
  readonly tags: readonly string[];
}

/** The outcome of one record. */
export interface RecordResult {
  readonly id: string;
  /** `file:line` of the record. */
  readonly place: string;
  /** Digest of what was read: two reports are compared on records that have the same. */
  readonly digest: string;
  /** Whether it is right in every respect. */
  readonly correct: boolean;
  /** Null where the record failed; then `error` says why. */
  readonly output: Output | null;
  readonly error?: string;
  /** From the start of its evaluation to its end, beside other records. */
  readonly ms: number;
}

export interface GoalResult extends MetricGoal {
  readonly value: number | null;
  readonly passed: boolean;
}

export interface Report {
  readonly task: string;
  readonly type: TaskProfile['type'];
  readonly method: string;
  /** Changes with the task and with what was tuned for the model. */
  readonly settings: string;
  /** A single model, or a cascade, which has no digest. */
  readonly model: { readonly name: string; readonly sha256: string | null };
  /** The models of a cascade, in the order in which they are asked. */
  readonly stages?: readonly StageReport[];
  readonly data: {
    readonly source: string;
    readonly n: number;
    /** The labels that were to choose from, where that were not all of the task's. */
    readonly among?: readonly string[];
    /** Records that were not measured, since their gold label is not among those. */
    readonly leftOut?: number;
  };
  readonly seed: number;
  readonly figures: readonly Figure[];
  readonly goals: readonly GoalResult[];
  readonly baselines: readonly { readonly name: string; readonly title: string; readonly figures: readonly Figure[] }[];
  readonly perClass: readonly ClassRow[];
  readonly confusion: ConfusionMatrix | null;
  /** Share of right results among the surest ones, at several coverages. Empty where results have no single score. */
  readonly coverage: readonly CoveragePoint[];
  readonly byTag: readonly { readonly tag: string; readonly n: number; readonly correct: number }[];
  readonly mistakes: readonly Mistake[];
  /** Spans and answers that do not stand where they say they do. Always 0 unless a method is broken. */
  readonly ungrounded: number;
  readonly failed: number;
  readonly speed: {
    readonly seconds: number;
    readonly recordsPerSecond: number;
    /** Evaluated and generated, without the shared prefix. */
    readonly tokensPerRecord: number;
    readonly peakMemoryBytes: number;
    /** How long a record took beside the others: the middle one, and what 95 of 100 stay below. */
    readonly latencyMs: { readonly p50: number; readonly p95: number };
    readonly cost: Cost;
  };
  /** In the order of the data. */
  readonly records: readonly RecordResult[];
  /** How far labels depend on the order in which they are named; only where that was asked for. */
  readonly order?: OrderProbe;
}

/** The part that one model of a cascade had in the results. */
export interface StageReport {
  readonly model: string;
  /** How sure it had to be; null for the last one. */
  readonly atLeast: number | null;
  /** Records that it was asked for, and those whose result is its own. */
  readonly asked: number;
  readonly answered: number;
  /** Number of records that this model answered and that are right in every respect. */
  readonly right: number;
  /** How long it was at work. */
  readonly seconds: number;
}

/** The cost of a thousand records. */
export interface Cost {
  readonly secondsPerThousand: number;
  /**
   * Paid to services for a thousand records, in the money of remote.prices. Null where no price is known; absent for
   * models on this machine.
   */
  readonly moneyPerThousand?: number | null;
}

export interface EvaluateOptions {
  /** Name of the data in the report. */
  readonly source: string;
  readonly seed: number;
  readonly now: () => number;
  readonly peakMemoryBytes: () => number;
  readonly onProgress: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

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

function perThousand(before: EngineUsage, after: EngineUsage, n: number): number | null {
  return after.money == null ? null : (1000 * (after.money - (before.money ?? 0))) / n;
}

/** The names by which a report tells records apart. */
export function recordName({ record, gold }: Example): Pick<RecordResult, 'id' | 'place' | 'digest'> {
  const digest = digestOf([record.text, ...taskTypes[gold.type].passageOf(record)]);
  return { id: record.id, place: placeOf(record.origin), digest };
}

function stageReports(stages: readonly Task[], pairs: readonly Pair[]): StageReport[] {
  const answeredBy = pairs.map(({ output }) => stages.findIndex(({ stage }) => stage?.model === output?.model));
  return stages.flatMap(({ stage, profile }, at) => {
    if (stage === undefined) return [];
    const own = pairs.filter((_, i) => answeredBy[i] === at);
    return [
      {
        model: stage.model,
        atLeast: stage.atLeast,
        // A record that failed has no model that answered: it is not counted for any.
        asked: answeredBy.filter((by) => by >= at).length,
        answered: own.length,
        right: own.filter((pair) => taskTypes[profile.type].correct(pair)).length,
        seconds: stage.seconds(),
      },
    ];
  });
}

function latencyOf(predictions: readonly Prediction[]) {
  const sorted = Float64Array.from(predictions, ({ ms }) => ms).sort();
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
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

/** An example with what was predicted for it. */
export function pairOf(example: Example, output: Output | null): Pair {
  return { id: example.record.id, text: example.record.text, gold: example.gold, output };
}

/** @param seed null leaves the intervals out */
function figuresOf(
  suite: readonly Metric[],
  pairs: readonly Pair[],
  context: MetricContext,
  seed: number | null,
): Figure[] {
  const prepared: PreparedMetric[] = suite.map((metric) => metric.prepare(pairs, context));
  const intervals = seed === null ? [] : bootstrapIntervals(prepared, { seed });
  return suite.map((metric, i) => figureOf(metric, prepared[i] as PreparedMetric, intervals[i] ?? null));
}

/** What a report says of a metric. */
export function figureOf(
  { name, title, better }: Pick<Metric, 'name' | 'title' | 'better'>,
  prepared: PreparedMetric,
  interval: Interval | null,
): Figure {
  const byChance = prepared.byChance();
  const figure = { name, title, better, value: prepared.value(), interval, n: prepared.n };
  return byChance === null ? figure : { ...figure, byChance };
}

function checkGoal(goal: MetricGoal, figures: readonly Figure[]): GoalResult {
  const value = figures.find((figure) => figure.name === goal.name)?.value ?? null;
  const passed =
    value !== null && (goal.min === undefined || value >= goal.min) && (goal.max === undefined || value <= goal.max);
  return { ...goal, value, passed };
}

/** Baselines: they learn from the profile's examples and are measured on the same records. */
function baselinesOf(
  profile: TaskProfile,
  examples: readonly Example[],
  suite: readonly Metric[],
  context: MetricContext,
  seed: number,
) {
  const known = amongExamples(profile.examples, profile);
  if (known.length === 0) return [];
  return reportedBaselines(profile.type, known).map((baseline) => {
    const predictOne = baseline.train(known, { ...context, seed });
    const pairs = examples.map((example) => pairOf(example, predictOne(example.record)));
    return { name: baseline.name, title: baseline.title, figures: figuresOf(suite, pairs, context, seed) };
  });
}

function coverageOf({ type, multiLabel }: TaskProfile, pairs: readonly Pair[]): CoveragePoint[] {
  const definition = taskTypes[type];
  if (definition.reliability(pairs, multiLabel) === null) return [];
  const given = pairs.flatMap(({ gold, output }) =>
    output === null || definition.isWithheld(output) ? [] : definition.decisions(gold, output),
  );
  return riskCoverage(given, pairs.length);
}

function byTag(examples: readonly Example[], pairs: readonly Pair[]) {
  const tags = new Map<string, { n: number; correct: number }>();
  for (const [i, pair] of pairs.entries()) {
    const right = taskTypes[pair.gold.type].correct(pair);
    for (const tag of examples[i]?.tags ?? []) {
      const count = tags.get(tag) ?? { n: 0, correct: 0 };
      tags.set(tag, { n: count.n + 1, correct: count.correct + (right ? 1 : 0) });
    }
  }
  return [...tags].map(([tag, count]) => ({ tag, ...count })).sort((a, b) => a.correct / a.n - b.correct / b.n);
}

/** The surest mistakes first: those say most about the method, and about the labels. */
export function mistakesOf(examples: readonly Example[], pairs: readonly Pair[]): Mistake[] {
  const found = pairs.flatMap((pair, i) => {
    const definition = taskTypes[pair.gold.type];
    const example = examples[i] as Example;
    if (definition.correct(pair)) return [];
    const { origin } = example.record;
    return {
      id: pair.id,
      place: placeOf(origin),
      text: pair.text,
      gold: definition.describe(pair.gold),
      predicted: pair.output === null ? '(error)' : definition.describe(pair.output),
      score: pair.output === null ? null : definition.confidence(pair.output),
      tags: example.tags ?? [],
    };
  });
  return found.sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
}

/** Returns whether what was copied is the input's, or a document's, own text at the offsets that it names. */
function isGrounded({ profile, documents }: Task, record: InputRecord, output: Output | undefined): boolean {
  if (output === undefined) return true;
  return taskTypes[profile.type].isGrounded?.(output, record, documents) ?? true;
}
