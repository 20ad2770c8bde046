import { PromptTooLong } from '../../errors.js';
import { assignFolds } from '../../linear/folds.js';
import { methodOf } from '../../methods/index.js';
import type { Document } from '../../methods/types.js';
import type { ResolvedModel } from '../../models/index.js';
import { openTask, predict, type Task } from '../../predict.js';
import { findTunedSettings, withTunedSettings } from '../../profile/tuned-settings.js';
import { textList, unseen } from '../../tune/seen.js';
import type { AsItIs } from '../../tune/tune.js';
import type { Engine, Example, Output, TaskProfile } from '../../types.js';
import type { EngineFlags } from '../opening/flags.js';
import { openTaskFor } from '../opening/open-cascade.js';
import { type Helpers, openTaskOn } from '../opening/prepare-task.js';
import { modelDigest, tunedFolders } from '../opening/tuned-settings.js';
import type { Surroundings } from '../surroundings.js';

/** The model, engine and settings for measuring the task as it is. */
export interface Measured {
  /** As its task.yaml says. */
  readonly profile: TaskProfile;
  readonly model: ResolvedModel;
  /** The engine of that whole model. */
  readonly engine: Engine;
  /** The ones that the task names. */
  readonly helpers: Helpers;
  readonly documents: readonly Document[];
  readonly flags: EngineFlags;
  readonly seed: number;
  /** Time by the clock at which the budget ends: then fewer examples are measured, but at least some. */
  readonly until: number;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * The task as it is, measured. Null with a notice where its prompt is longer than the context: a task of hundreds of labels
 * lists them all, and heads need no such list.
 */
export async function measureIfItFits(
  surroundings: Surroundings,
  measured: Measured,
  examples: readonly Example[],
): Promise<AsItIs | null> {
  try {
    return await measureAsItIs(surroundings, measured, examples);
  } catch (error) {
    if (!(error instanceof PromptTooLong)) throw error;
    surroundings.notice(`the task as it is cannot run, so nothing is compared with it: ${error.message}`);
    return null;
  }
}

/**
 * Outputs of today's `slm run` for the examples, each from settings that have not learned from it. Earlier tuned settings
 * are measured if they have seen at most half of the examples; otherwise the task without them is measured.
 * @returns null where the task cannot run as it is
 */
async function measureAsItIs(
  surroundings: Surroundings,
  measured: Measured,
  examples: readonly Example[],
): Promise<AsItIs | null> {
  const { profile, model, flags, documents } = measured;
  const found = findTunedSettings(tunedFolders(surroundings, profile), model.name, surroundings.cwd, profile.name);
  if (found !== null && isStillFitting(found.settings, profile, await modelDigest(surroundings, model))) {
    const fresh = unseen(examples, found.settings.data.texts ?? textList(profile.examples));
    if (fresh.length * 2 >= examples.length) {
      const { task, close } = await openTaskFor(surroundings, profile, flags, 'many', documents);
      try {
        const title = `as tuned before (${methodOf(withTunedSettings(profile, found, found.settings.modelSha256)).title})`;
        return await outputsOf(surroundings, measured, task, fresh, title);
      } finally {
        await close();
      }
    }
  }
  const { needs, mustLearn, title } = methodOf(profile);
  // A head that nobody has trained, or what the engine cannot do.
  if (mustLearn === true || !needs.every((need) => measured.engine.capabilities.includes(need))) return null;
  if (unseen(examples, textList(profile.examples)).length === examples.length) {
    const task = await openTaskOn(surroundings, profile, measured.engine, documents, measured.helpers);
    return outputsOf(surroundings, measured, task, examples, title);
  }
  return crossValidated(surroundings, measured, examples, title);
}

/** Tuned settings of another task or model are not used by a run. */
function isStillFitting(
  settings: { readonly profile: string; readonly modelSha256: string },
  profile: TaskProfile,
  modelSha256: string,
): boolean {
  return settings.profile === profile.digest && settings.modelSha256 === modelSha256;
}

/** With the examples of the other folds alone in the prompt and for calibration. */
async function crossValidated(
  surroundings: Surroundings,
  measured: Measured,
  examples: readonly Example[],
  title: string,
): Promise<AsItIs> {
  const { profile, engine, helpers, documents, seed } = measured;
  const folds = examples.length < 40 ? Math.min(10, examples.length) : 3;
  const assigned = assignFolds(
    Int32Array.from(examples, () => 0),
    { folds, seed },
  );
  const given: Example[] = [];
  const outputs: Output[] = [];
  let ms = 0;
  const goesOn = () => !surroundings.signal.aborted && !isEnough(outputs.length, measured.until, surroundings);
  for (let fold = 0; fold < folds && goesOn(); fold++) {
    const own = examples.filter((_, i) => assigned[i] === fold);
    const list = textList(own);
    const others = {
      ...profile,
      examples: unseen(profile.examples, list),
      digest: `${profile.digest} without ${list}`,
    };
    const task = await openTask({
      ...helpers,
      profile: others,
      engine,
      documents,
      cache: { get: async () => null, set: async () => undefined },
      ownDocuments: async () => documents,
      onProgress: () => undefined,
    });
    const part = await outputsOf(surroundings, measured, task, own, title, {
      done: outputs.length,
      total: examples.length,
    });
    for (const example of part.examples) given.push(example);
    for (const output of part.outputs) outputs.push(output);
    ms += part.ms;
  }
  return { title, method: profile.method, examples: given, outputs, ms };
}

/** Examples that are measured whatever time it takes. */
const fewest = 30;

function isEnough(done: number, until: number, { now }: Pick<Surroundings, 'now'>): boolean {
  return done >= fewest && now() > until;
}

async function outputsOf(
  surroundings: Surroundings,
  { onProgress, until }: Measured,
  task: Task,
  examples: readonly Example[],
  title: string,
  { done, total } = { done: 0, total: examples.length },
): Promise<AsItIs> {
  const records = examples.map(({ record }) => record);
  const outputs: Output[] = [];
  const began = surroundings.now();
  for await (const { output } of predict(task, records, {
    explain: false,
    now: surroundings.now,
    signal: surroundings.signal,
  })) {
    outputs.push(output as Output);
    onProgress(done + outputs.length, total);
    if (isEnough(done + outputs.length, until, surroundings)) break;
  }
  const { method } = task.profile;
  return { title, method, examples: examples.slice(0, outputs.length), outputs, ms: surroundings.now() - began };
}
