import { recordingCache } from '../../cache.js';
import type { Cache, Document, MethodContext } from '../../methods/types.js';
import { openTask, type Task } from '../../predict.js';
import type { Engine, TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';
import { constantsCache } from './constants.js';
import { documentsFor } from './documents.js';
import type { EngineFlags } from './flags.js';
import { openJudge } from './judge.js';

/** Models that help the one that does the task. */
export type Helpers = Pick<MethodContext, 'embedder' | 'judge'>;

/** Makes a task ready: its method prepared, with constants from its folder or the cache. */
export async function openTaskOn(
  surroundings: Surroundings,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
  helpers: Helpers = {},
): Promise<Task> {
  return prepareTask(surroundings, profile, engine, documents, constantsCache(surroundings, profile), helpers);
}

/**
 * The same with these constants.
 * @param cache where constants are looked for, and kept
 */
export async function prepareTask(
  surroundings: Surroundings,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
  cache: Cache,
  { thorough = false, embedder = null, judge = null }: Helpers & Pick<MethodContext, 'thorough'> = {},
): Promise<Task> {
  let first: number | null = null;
  let scored = 0;
  try {
    return await openTask({
      profile,
      engine,
      documents,
      cache,
      thorough,
      embedder,
      judge,
      ownDocuments: () => documentsFor(surroundings, profile, []),
      onProgress: (what, done, total, items = 'examples') => {
        first ??= surroundings.now();
        scored = done;
        surroundings.preparing({ what, task: profile.name, model: engine.model.name, done, total, items });
      },
      onShortened: (used, all) => {
        // The time of the first record is not known.
        const each = first === null || scored < 2 ? null : (surroundings.now() - first) / (scored - 1);
        surroundings.notice(shortenedNote(profile, engine.model, used, all, each));
      },
    });
  } finally {
    surroundings.preparing(null);
  }
}

/**
 * Computes a task's constants for a model as if nobody had before.
 * @returns entries for the task's `calibration.json`
 */
export async function computeConstants(
  surroundings: Surroundings,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
  flags: EngineFlags,
): Promise<Readonly<Record<string, unknown>>> {
  const recording = recordingCache();
  const judge = await openJudge(surroundings, profile, engine.model.path, flags, 'many');
  try {
    await prepareTask(surroundings, profile, engine, documents, recording, { thorough: true, judge });
  } finally {
    await judge?.dispose();
  }
  return recording.entries;
}

/** A note on what a full calibration would gain, and at what cost. */
function shortenedNote(
  { name }: TaskProfile,
  model: Engine['model'],
  used: number,
  all: number,
  msEach: number | null,
): string {
  const on = used === 0 ? 'without examples' : `on ${used} of ${all} examples`;
  const cost = msEach === null ? '' : ` (about ${roughTime(msEach * all)}, once)`;
  return (
    `calibrated ${name} for ${model.name} ${on}, to answer soon; better: ` +
    `\`slm tasks calibrate ${name} -m ${model.name}\` takes all ${all}${cost}, \`slm tune\` finds more`
  );
}

function roughTime(ms: number): string {
  const seconds = ms / 1000;
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
