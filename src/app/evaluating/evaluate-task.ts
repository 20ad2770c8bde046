import { compare } from '../../compare/compare.js';
import { checkGate, type Gate, type GateResult, parseGate } from '../../compare/gate.js';
import type { Subject } from '../../compare/paired-records.js';
import type { Comparison } from '../../compare/types.js';
import { usageError } from '../../errors.js';
import { evaluate } from '../../evaluate/evaluate.js';
import type { Report } from '../../evaluate/report.js';
import { labelOrders, probeOrder } from '../../order-probe.js';
import { loadProfile } from '../../profile/index.js';
import { amongExamples, requireSomeAmong } from '../../task-types/among.js';
import { taskTypes } from '../../task-types/index.js';
import { metricsFor } from '../../task-types/metrics.js';
import type { Example, TaskProfile } from '../../types.js';
import { withChoices } from '../opening/choices.js';
import { modelToFetch, requireModel } from '../opening/choose-model.js';
import { documentsFor } from '../opening/documents.js';
import type { TaskFlags } from '../opening/flags.js';
import { openTaskFor } from '../opening/open-cascade.js';
import { type GoldData, type GoldFlags, goldName, readGold, refuseDataFlags } from '../run/gold.js';
import { profileContext, type Surroundings } from '../surroundings.js';
import { checkOverlap, earlierReports } from './earlier-reports.js';
import { measureEach } from './measure-each.js';
import { modelName, systemNames } from './system-names.js';

/** How a task is measured. */
export interface EvaluateFlags extends Omit<TaskFlags, 'model'>, GoldFlags {
  /** As they are spoken of. Default: the one that the task would run on. */
  models?: readonly string[];
  /** Instead of the fixtures. */
  data?: GoldData;
  /** Examples that were read before, instead of both. */
  examples?: readonly Example[];
  /** A report that `slm eval` has written before, to compare with. */
  baseline?: string;
  /** Conditions that the figures must meet: `accuracy >= 0.9`, `A >= B - 0.02`. */
  gate?: readonly string[];
  /** `order`: measures, too, whether labels depend on the order in which they are named. */
  probe?: 'order';
  /** Seed of the bootstrap. */
  seed: number;
}

/** A task that is about to be measured on models. */
export interface PlannedEvaluation {
  readonly profile: TaskProfile;
  /** As they are spoken of. */
  readonly models: readonly string[];
  /** Earlier reports to compare with. */
  readonly earlier: readonly Subject[];
  readonly gates: readonly Gate[];
}

/** The result of an evaluation. */
export interface Evaluation {
  readonly profile: TaskProfile;
  /** The examples that were measured on. */
  readonly examples: readonly Example[];
  /** One for each model. */
  readonly reports: readonly Report[];
  /** All that was compared; those measured now come first. */
  readonly subjects: readonly Subject[];
  /** Null where there is nothing to compare, or the measuring was interrupted. */
  readonly comparison: Comparison | null;
  readonly gates: readonly GateResult[];
  /** The error of the first model that failed, if another was measured before. */
  readonly problem: unknown;
}

/** Finds the task and the models; reads no data and fetches nothing. */
export async function planEvaluation(
  surroundings: Surroundings,
  task: string,
  flags: EvaluateFlags,
): Promise<PlannedEvaluation> {
  const profile = withChoices(await loadProfile(task, profileContext(surroundings)), flags);
  const models = flags.models ?? [await modelToFetch(surroundings, {}, profile)];
  const names = systemNames(await Promise.all(models.map((model) => modelName(surroundings, model))));
  const earlier = flags.baseline === undefined ? [] : earlierReports(surroundings, flags.baseline, profile, names);
  const known = {
    metrics: metricsFor(profile.type, profile.multiLabel).map(({ name }) => name),
    systems: [...names, ...earlier.map(({ name }) => name)],
  };
  return { profile, models, earlier, gates: (flags.gate ?? []).map((text) => parseGate(text, known)) };
}

/**
 * Measures a task on one model after the other, after all of them were fetched and checked. The signal of the
 * surroundings ends it with a report of what was measured until then.
 */
export async function evaluateTask(
  surroundings: Surroundings,
  { profile, models, earlier, gates }: PlannedEvaluation,
  flags: EvaluateFlags,
): Promise<Evaluation> {
  const examples = await goldFor(surroundings, profile, flags);
  requireSomeAmong(examples, profile); // Said before a model is loaded.
  for (const subject of earlier) checkOverlap(surroundings, examples, subject);
  for (const model of models) await requireModel(surroundings, model);
  const run: Surroundings = { ledger: [], ...surroundings };
  const { reports, problem } = await measureEach(
    models,
    (model) => measure(run, profile, examples, model, flags),
    () => surroundings.signal.aborted,
  );
  const names = systemNames(reports.map(({ model }) => model.name));
  const now = reports.map((report, i): Subject => ({ name: names[i] as string, report, file: null }));
  const subjects = [...now, ...earlier];
  // Two models are not compared while one of them has seen only a part of the data.
  const compared = surroundings.signal.aborted || (subjects.length < 2 && gates.length === 0);
  const comparison = compared ? null : compare(profile, examples, subjects, flags.seed);
  return {
    profile,
    examples,
    reports,
    subjects,
    comparison,
    gates: comparison === null ? [] : gates.flatMap((gate) => checkGate(gate, comparison, subjects)),
    problem,
  };
}

async function measure(
  surroundings: Surroundings,
  profile: TaskProfile,
  examples: readonly Example[],
  model: string,
  flags: EvaluateFlags,
): Promise<Report> {
  const documents = await documentsFor(surroundings, profile, flags.context ?? []);
  const { task, close } = await openTaskFor(surroundings, profile, { ...flags, model }, 'many', documents);
  const subject = { task: profile.name, model: task.engine.model.name };
  try {
    if (flags.probe === 'order') requireOrder(task.profile);
    const report = await evaluate(task, examples, {
      source: flags.data === undefined ? 'fixtures' : goldName(flags.data),
      seed: flags.seed,
      now: surroundings.now,
      peakMemoryBytes: surroundings.peakMemoryBytes,
      onProgress: (progress) => surroundings.measuring({ ...subject, ...progress }),
      signal: surroundings.signal,
    });
    if (flags.probe !== 'order' || surroundings.signal.aborted) return report;
    const total = labelOrders(task.profile.labels).length * examples.length;
    const { now, signal } = surroundings;
    const items = 'readings with the labels in other orders';
    const onDone = (done: number) =>
      surroundings.preparing({ ...subject, what: 'probing the order of the labels of', done, total, items });
    return { ...report, order: await probeOrder(task, amongExamples(examples, task.profile), { now, signal, onDone }) };
  } finally {
    surroundings.preparing(null);
    surroundings.measuring(null);
    await close();
  }
}

/** @throws SlmError where labels of the task are not read in an order */
function requireOrder(profile: TaskProfile): void {
  if (!taskTypes[profile.type].comparesLabels || profile.multiLabel) {
    throw usageError(
      `--probe order is for tasks that give each text one label; "${profile.name}" does not.`,
      'Leave it out.',
    );
  }
  if (profile.tuned === null) return;
  throw usageError(
    `--probe order: "${profile.name}" is tuned for this model, and its tuned settings fix the order of the labels.`,
    'Add --untuned to probe the task as it is written.',
  );
}

/** The examples to measure on. */
async function goldFor(
  surroundings: Surroundings,
  profile: TaskProfile,
  flags: EvaluateFlags,
): Promise<readonly Example[]> {
  if (flags.examples !== undefined) return flags.examples;
  if (flags.data !== undefined) return readGold(surroundings, profile, flags.data, flags);
  refuseDataFlags(flags);
  if (profile.fixtures.length === 0) {
    throw usageError(
      `task "${profile.name}" has no fixtures`,
      'Write some (docs/tasks.md), or name labelled data with --data.',
    );
  }
  return profile.fixtures.slice(0, flags.limit ?? profile.fixtures.length);
}
