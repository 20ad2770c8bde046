import path from 'node:path';
import { type CascadeChoice, type CascadeGoal, chooseThresholds } from '../../cascade/choose.js';
import { cascadeOf, cascadeReference, modelsOf } from '../../cascade-reference.js';
import { pairRecords } from '../../compare/paired-records.js';
import { usageError } from '../../errors.js';
import type { Report } from '../../evaluate/report.js';
import { couldTakeFiles } from '../../folders.js';
import { type CascadeSettings, writeCascadeSettings } from '../../profile/cascade-settings.js';
import { loadProfile } from '../../profile/index.js';
import { findTunedSettings } from '../../profile/tuned-settings.js';
import { amongExamples, chosenLabels } from '../../task-types/among.js';
import { taskTypes } from '../../task-types/index.js';
import { metricsFor } from '../../task-types/metrics.js';
import { textList, unseen } from '../../tune/seen.js';
import type { Example, Output, TaskProfile } from '../../types.js';
import { type EvaluateFlags, evaluateTask } from '../evaluating/evaluate-task.js';
import { modelName } from '../evaluating/system-names.js';
import { withChoices } from '../opening/choices.js';
import { checkCascade } from '../opening/open-cascade.js';
import { tunedFolders } from '../opening/tuned-settings.js';
import { type GoldData, goldName, readGold } from '../run/gold.js';
import { profileContext, type Surroundings } from '../surroundings.js';

/** How the thresholds of a cascade are chosen. */
export interface CascadeFlags extends Omit<EvaluateFlags, 'baseline' | 'gate' | 'models'> {
  /** The one that is asked first at the beginning. */
  models: readonly string[];
  data: GoldData;
  goal: CascadeGoal;
}

/** The chosen cascade, and the results that it was chosen from. */
export interface ChosenCascade {
  readonly reference: string;
  /** Each model alone. */
  readonly reports: readonly Report[];
  readonly metric: string;
  readonly goal: string;
  /** Whether the goal was reached; else the choice is the nearest to it. */
  readonly reached: boolean;
  readonly choice: CascadeChoice;
  readonly file: string;
}

/**
 * Measures each model alone on labelled data and chooses from its results how sure each must be. The data must be such
 * that no model has learned from: a head is surer of what it was fitted on.
 */
export async function chooseCascade(
  surroundings: Surroundings,
  task: string,
  flags: CascadeFlags,
): Promise<ChosenCascade> {
  const profile = withChoices(await loadProfile(task, profileContext(surroundings)), flags);
  checkCascade(profile);
  checkModels(flags.models);
  const [folder] = tunedFolders(surroundings, profile) as [string];
  if (!couldTakeFiles(path.join(folder, 'cascades')))
    throw usageError(
      `the thresholds cannot be written: ${folder} takes no files`,
      'Change its permissions, or copy the task to another folder.',
    );
  const names = await Promise.all(flags.models.map((model) => modelName(surroundings, model)));
  const given = amongExamples(await readGold(surroundings, profile, flags.data, flags), profile);
  const examples = await heldOut(surroundings, profile, given, names, flags);
  const { reports, subjects, problem } = await evaluateTask(
    surroundings,
    { profile, models: flags.models, earlier: [], gates: [] },
    { ...flags, examples },
  );
  if (problem !== null) throw problem;
  surroundings.signal.throwIfAborted();
  for (const { model, failed, data } of reports)
    if (failed > 0) surroundings.notice(`${model.name} failed at ${failed} of ${data.n} records, which count as wrong`);
  const context = { labels: chosenLabels(profile).map(({ name }) => name), multiLabel: profile.multiLabel };
  const definition = taskTypes[profile.type];
  const wanted = definition.tuningMetric(
    profile.multiLabel,
    examples.map(({ gold }) => gold),
  );
  const metric = metricsFor(profile.type, profile.multiLabel).find(({ name }) => name === wanted);
  if (metric === undefined) throw new Error(`no metric ${wanted}`);
  // A run passes no record on that a model fails at: it has an error.
  const certainty = (output: Output | null) =>
    output === null ? 1 : (definition.certainty?.(output, profile.multiLabel) ?? 0);
  const { pairs } = pairRecords(examples, subjects);
  const stages = reports.map(({ speed }, s) => ({
    pairs: pairs[s] ?? [],
    certainty: (pairs[s] ?? []).map(({ output }) => certainty(output)),
    secondsPerRecord: speed.cost.secondsPerThousand / 1000,
  }));
  const { choice, reached } = chooseThresholds(stages, metric, context, flags.goal);
  const goal = goalText(flags.goal, metric.name);
  const last = stages.at(-1)?.secondsPerRecord ?? 1;
  if (choice.secondsPerRecord > last)
    surroundings.notice(
      `the cascade takes longer here than ${names.at(-1)} alone: leave out a model, or use ${names.at(-1)}`,
    );
  const settings: CascadeSettings = {
    format: 1,
    task: profile.name,
    stages: reports.map(({ model, settings: digest }, s) => ({
      model: model.name,
      modelSha256: model.sha256,
      settings: digest,
      ...(choice.thresholds[s] === undefined ? {} : { atLeast: choice.thresholds[s] }),
    })),
    data: { file: goldName(flags.data), n: examples.length },
    metric: metric.name,
    goal,
    value: choice.value ?? 0,
    timeShare: choice.secondsPerRecord / last,
  };
  return {
    reference: cascadeReference(flags.models),
    reports,
    metric: metric.name,
    goal,
    reached,
    choice,
    file: writeCascadeSettings(folder, flags.models, settings),
  };
}

/** More models than that would have thousands of combinations of thresholds with hardly any in each. */
const mostModels = 8;

/** @throws SlmError where these models are no cascade that could be named later */
function checkModels(models: readonly string[]): void {
  if (models.length < 2) throw usageError('a cascade needs two models or more', 'Name them: -m SMALL,LARGE.');
  if (models.length > mostModels)
    throw usageError(`a cascade has at most ${mostModels} models, not ${models.length}`, 'Name fewer with -m.');
  const named = models.find((model) => model.includes('+') || modelsOf(model).length > 1);
  if (named !== undefined)
    throw usageError(
      `"${named}" cannot be part of a cascade, whose models have a + between them`,
      'Name another model.',
    );
  // What else is wrong, such as a model that comes twice.
  cascadeOf(cascadeReference(models));
}

function goalText(goal: CascadeGoal, metric: string): string {
  if (goal.kind === 'value') return `the least time with ${metric} ${goal.value}`;
  if (goal.kind === 'time') return `the best ${metric} in ${goal.share} of the last model's time`;
  return `the least time without a worse ${metric} than the last model alone`;
}

/** Without the examples that a model was tuned on. */
async function heldOut(
  surroundings: Surroundings,
  profile: TaskProfile,
  examples: readonly Example[],
  models: readonly string[],
  flags: CascadeFlags,
): Promise<Example[]> {
  const folders = tunedFolders(surroundings, profile);
  const left = models.reduce<readonly Example[]>((rest, model) => {
    const found = flags.untuned === true ? null : findTunedSettings(folders, model, surroundings.cwd, profile.name);
    if (found === null) return rest;
    return unseen(rest, found.settings.data.texts ?? textList(profile.examples));
  }, examples);
  const seen = examples.length - left.length;
  if (left.length === 0) {
    throw usageError(
      `a model was tuned on all ${examples.length} records of ${goldName(flags.data)}; its scores for them are too high`,
      'Choose the thresholds on other labelled data.',
    );
  }
  if (seen > 0)
    surroundings.notice(`${seen} records are left out: a model was tuned on them, so its scores for them are too high`);
  return [...left];
}
