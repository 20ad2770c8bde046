import { usageError } from '../../errors.js';
import { evaluate, type Report } from '../../evaluate.js';
import { loadProfile } from '../../profile/index.js';
import { requireSomeAmong } from '../../task-types/among.js';
import type { Example, TaskProfile } from '../../types.js';
import { documentsFor, modelToFetch, openTaskFor, resolveNamed, type TaskFlags, withChoices } from '../opening/open.js';
import { type GoldData, type GoldFlags, goldName, readGold, refuseDataFlags } from '../run/gold.js';
import { profileContext, type Surroundings } from '../surroundings.js';
import { measureEach } from './measure-each.js';

/** How a task is measured. */
export interface EvaluateFlags extends Omit<TaskFlags, 'model'>, GoldFlags {
  /** As they are spoken of. Default: the one that the task would run on. */
  models?: readonly string[];
  /** Instead of the fixtures. */
  data?: GoldData;
  /** Of the bootstrap. */
  seed: number;
}

/** A task that is about to be measured on models. */
export interface PlannedEvaluation {
  readonly profile: TaskProfile;
  /** As they are spoken of. */
  readonly models: readonly string[];
}

/** Finds the task and the models; reads no data and fetches nothing. */
export async function planEvaluation(
  surroundings: Surroundings,
  task: string,
  flags: EvaluateFlags,
): Promise<PlannedEvaluation> {
  const profile = withChoices(await loadProfile(task, profileContext(surroundings)), flags);
  return { profile, models: flags.models ?? [await modelToFetch(surroundings, {}, profile)] };
}

/**
 * Measures a task on one model after the other, after all of them were fetched and checked. The signal of the
 * surroundings ends it with a report of what was measured until then.
 * @returns the reports, and what the first model that failed has failed with, if another was measured before
 */
export async function evaluateTask(
  surroundings: Surroundings,
  { profile, models }: PlannedEvaluation,
  flags: EvaluateFlags,
): Promise<{ reports: Report[]; problem: unknown }> {
  const examples = await goldFor(surroundings, profile, flags);
  requireSomeAmong(examples, profile); // Said before a model is loaded.
  for (const model of models) await resolveNamed(surroundings, model);
  return measureEach(
    models,
    (model) => measure(surroundings, profile, examples, model, flags),
    () => surroundings.signal.aborted,
  );
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
    return await evaluate(task, examples, {
      source: flags.data === undefined ? 'fixtures' : goldName(flags.data),
      seed: flags.seed,
      now: surroundings.now,
      peakMemoryBytes: surroundings.peakMemoryBytes,
      onProgress: (progress) => surroundings.measuring({ ...subject, ...progress }),
      signal: surroundings.signal,
    });
  } finally {
    surroundings.measuring(null);
    await close();
  }
}

/** The examples to measure on. */
async function goldFor(surroundings: Surroundings, profile: TaskProfile, flags: EvaluateFlags): Promise<Example[]> {
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
