import type { HeadStart } from '../engine/head-start.js';
import { faceOf, type TaskFace } from '../host/protocol.js';
import { predict } from '../predict.js';
import { loadProfile } from '../profile/index.js';
import type { BadRow } from '../record.js';
import type { InputRecord, Prediction } from '../types.js';
import { type CliContext, profileContext } from './context.js';
import { chooseModel, documentsFor, type EngineFlags, openModel, openTaskOn, withThreshold } from './open.js';

/** Where predictions come from: a model in this process, or a warm host. */
export interface TaskSource {
  readonly face: TaskFace;
  predict(records: AsyncIterable<InputRecord | BadRow>, options: { explain: boolean }): AsyncIterable<Prediction>;
}

export interface TaskFlags extends EngineFlags {
  threshold?: number;
  /** Documents to answer from. */
  context?: string[];
}

/** Loads task and model into this process. */
export async function openHere(
  context: CliContext,
  spec: string,
  flags: TaskFlags,
  parallel: 'one' | 'many',
  early: HeadStart | null,
): Promise<TaskSource> {
  const profile = withThreshold(await loadProfile(spec, profileContext(context)), flags.threshold);
  const documents = await documentsFor(context, profile, flags.context ?? []);
  const engine = await openModel(context, await chooseModel(context, flags, profile), flags, parallel, early);
  context.onClose(() => engine.dispose());
  const task = await openTaskOn(context, profile, engine, documents);
  return {
    face: faceOf(profile),
    predict: (records, { explain }) => predict(task, records, { explain, now: context.now, signal: context.signal }),
  };
}
