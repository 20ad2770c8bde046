import { type CascadeStage, cascadeOf } from '../../cascade-reference.js';
import { type HeadStart, serviceOf } from '../../engines/index.js';
import type { Ledger } from '../../engines/types.js';
import { type SlmError, usageError } from '../../errors.js';
import type { Document } from '../../methods/types.js';
import { type Stage, settingsDigest, type Task } from '../../predict.js';
import { type CascadeSettings, findCascadeSettings } from '../../profile/cascade-settings.js';
import { createStageTurns } from '../../stage-turns.js';
import { taskTypes } from '../../task-types/index.js';
import type { TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';
import { requireAgreement } from './agreement.js';
import { withChoices } from './choices.js';
import { chooseModel, requireModel, resolveNamed } from './choose-model.js';
import type { TaskFlags } from './flags.js';
import { openTaskOnModel } from './open-task.js';
import { openedOnce } from './opened-once.js';
import { type OpenedTask, openedTask } from './opened-task.js';
import { tunedFolders, tunedProfile } from './tuned-settings.js';

/**
 * Opens a task on its model, or on the models of a cascade: then the first one is loaded, and the others when a record
 * needs them.
 */
export async function openTaskFor(
  surroundings: Surroundings,
  untuned: TaskProfile,
  flags: TaskFlags,
  parallel: 'one' | 'many',
  documents: readonly Document[],
  early: HeadStart | null = null,
): Promise<OpenedTask> {
  const reference = await chooseModel(surroundings, flags, untuned);
  const stages = cascadeOf(reference);
  if (stages === null) return openTaskOnModel(surroundings, untuned, flags, parallel, documents, early);
  checkCascade(untuned);
  await requireAgreement(surroundings, flags.model, untuned);
  const found = stages[0]?.atLeast == null ? settingsOf(surroundings, untuned, stages, reference) : null;
  // Said before minutes have passed until the first record needs it.
  for (const { model } of stages) await requireModel(surroundings, model);
  if (found !== null) await checkLaterStages(surroundings, untuned, flags, reference, stages, found);
  const newTurn = createStageTurns(() => surroundings.now());
  const opened: OpenedTask[] = [];
  const ledger: Ledger = [];
  const opening: Promise<unknown>[] = [];
  const open = (at: number): Promise<Task> => {
    const task = openStage(at);
    opening.push(task.catch(() => undefined));
    return task;
  };
  const openStage = async (at: number): Promise<Task> => {
    const { model, atLeast } = stages[at] as CascadeStage;
    const own = await openTaskOnModel(
      { ledger, ...surroundings },
      untuned,
      { ...flags, model },
      parallel,
      documents,
      at === 0 ? early : null,
    );
    opened.push(own);
    const { task } = own;
    if (found !== null) checkStage(untuned, reference, stages, found, at, task);
    const turn = newTurn();
    const stage: Stage = {
      model: task.engine.model.name,
      take: turn.take,
      seconds: turn.seconds,
      atLeast: at === stages.length - 1 ? null : (atLeast ?? found?.settings.stages[at]?.atLeast ?? 1),
      next: at === stages.length - 1 ? null : openedOnce(() => open(at + 1)),
    };
    const { engine } = task;
    // All else speaks of the cascade as of one model.
    const named = at === 0 ? { ...engine, model: { ...engine.model, name: reference } } : engine;
    return { ...task, engine: named, stage };
  };
  const close = async () => {
    // Waited for, since Node ends only after a model that is being loaded is: nobody could interrupt that.
    await Promise.all(opening);
    await Promise.all(opened.splice(0).map((one) => one.close()));
  };
  return openedTask(() => open(0), {
    checkModel: () => {
      for (const one of opened) one.checkModel();
    },
    close,
  });
}

/** @throws SlmError where results of the task do not say how sure they are */
export function checkCascade({ name, type }: Pick<TaskProfile, 'name' | 'type'>): void {
  if (taskTypes[type].certainty !== null) return;
  throw usageError(`a cascade needs results with a score; "${name}" is of type ${type}`, 'Name one model.');
}

type Found = NonNullable<ReturnType<typeof findCascadeSettings>>;

function settingsOf(
  surroundings: Surroundings,
  profile: TaskProfile,
  stages: readonly CascadeStage[],
  reference: string,
): Found {
  const models = stages.map(({ model }) => model);
  const found = findCascadeSettings(tunedFolders(surroundings, profile), models);
  if (found !== null && found.settings.stages.length === stages.length) return found;
  throw usageError(
    `the cascade "${reference}" has no thresholds for the task "${profile.name}"`,
    `Choose them on labelled data: \`slm cascade ${profile.name} -m ${models.join(',')} --data FILE\`, or name one: ${reference.replaceAll('+', '@0.9+')}`,
  );
}

/**
 * The same for what is tuned for the models that are opened later: said at once, and not in the middle of a run.
 * @throws SlmError where the thresholds were chosen for other settings
 */
async function checkLaterStages(
  surroundings: Surroundings,
  untuned: TaskProfile,
  flags: TaskFlags,
  reference: string,
  stages: readonly CascadeStage[],
  found: Found,
): Promise<void> {
  for (const [at, { model }] of stages.entries()) {
    if (at === 0) continue;
    const isTuned = flags.untuned !== true && serviceOf(model) === null;
    const profile = isTuned
      ? await tunedProfile(surroundings, untuned, await resolveNamed(surroundings, model))
      : untuned;
    const { settings, model: name } = found.settings.stages[at] as StoredStage;
    if (settings !== settingsDigest(withChoices(profile, flags)))
      throw noLongerFit(untuned, reference, stages, found, name);
  }
}

type StoredStage = CascadeSettings['stages'][number];

/** @throws SlmError where the thresholds were chosen for something else than is there now */
function checkStage(
  profile: TaskProfile,
  reference: string,
  stages: readonly CascadeStage[],
  found: Found,
  at: number,
  task: Task,
): void {
  const stored = found.settings.stages[at] as StoredStage;
  const { name, sha256 } = task.engine.model;
  const isSame = stored.model === name && (stored.modelSha256 ?? null) === sha256;
  if (!isSame || stored.settings !== settingsDigest(task.profile))
    throw noLongerFit(profile, reference, stages, found, name);
}

function noLongerFit(
  profile: TaskProfile,
  reference: string,
  stages: readonly CascadeStage[],
  { file }: Found,
  model: string,
): SlmError {
  return usageError(
    `${file}: the thresholds of "${reference}" no longer fit the task "${profile.name}" on ${model}: its file, its tuned settings or --among has changed.`,
    `Choose them again: \`slm cascade ${profile.name} -m ${stages.map((stage) => stage.model).join(',')} --data FILE\`.`,
  );
}
