import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { faceOf } from '../host/protocol.js';
import { AlreadyThere, listen } from '../host/server.js';
import { stampOf } from '../jobs/model-file.js';
import type { Document } from '../methods/types.js';
import { modelPath, readSpec } from '../models/index.js';
import { predict, type Task } from '../predict.js';
import { loadProfile } from '../profile/index.js';
import type { InputRecord, TaskProfile } from '../types.js';
import { type CliContext, modelEnvironment, profileContext } from './context.js';
import { bundleFile, chooseModel, documentsFor, openTaskFor, type TaskFlags, withThreshold } from './open.js';
import { outputBasis } from './run-spec.js';
import { type HostFlags, noPlace } from './start-host.js';
import { overlayFolders } from './tuned.js';
import { hostAddress } from './warm.js';

/**
 * Loads a task and its model and serves them until nobody has come for a while.
 * @param onStart called once clients can come
 */
export async function host(
  context: CliContext,
  spec: string,
  flags: HostFlags,
  onStart: (started: { model: string }) => Promise<void>,
): Promise<void> {
  const address = await hostAddress(context, spec, flags, true);
  if (address === null) throw noPlace();
  const loaded = await load(context, spec, flags);
  const { profile, documents } = loaded;
  const { task, checkModel, close } = await openTaskFor(context, profile, flags, 'many', documents);
  const { engine } = task;
  const file = engine.model.path;
  const modelFile = { path: file, stamp: stampOf(file) };
  try {
    await warmUp(context, task);
    const { ended } = await listen({
      ...address,
      task,
      hosted: { face: faceOf(task), basis: await outputBasis(context, task, documents, flags), modelFile },
      documents: documents.map(({ text }) => text),
      keepAliveMs: flags.keepAlive,
      checkModel,
      isCurrent: async () => fingerprint(await load(context, spec, flags)) === fingerprint(loaded),
      now: context.now,
      memoryBytes: () => process.memoryUsage.rss(),
      signal: context.signal,
    });
    await onStart({ model: engine.model.name });
    await ended;
  } catch (error) {
    if (!(error instanceof AlreadyThere)) throw error;
    await onStart({ model: engine.model.name });
  } finally {
    await close();
  }
}

/** Everything on disk that results depend on. */
interface Loaded {
  readonly profile: TaskProfile;
  readonly documents: readonly Document[];
  readonly constants: string | null;
  readonly model: unknown;
  /** Overlays of the task, as they are written. */
  readonly tuned: readonly (string | null)[];
}

async function load(context: CliContext, spec: string, flags: TaskFlags): Promise<Loaded> {
  const profile = withThreshold(await loadProfile(spec, profileContext(context)), flags.threshold);
  const spoken = await chooseModel(context, flags, profile);
  return {
    profile,
    tuned: overlayFolders(context, profile).map((folder) =>
      contentOf(path.join(folder, `${path.basename(spoken, '.gguf')}.yaml`)),
    ),
    documents: await documentsFor(context, profile, flags.context ?? []),
    constants: contentOf(bundleFile(context, profile)),
    model: await modelStamp(context, spoken),
  };
}

function fingerprint(loaded: Loaded): string {
  return JSON.stringify(loaded);
}

/** What a model is called and whether its file was touched. */
async function modelStamp(context: CliContext, spec: string): Promise<unknown> {
  const environment = modelEnvironment(context);
  const read = await readSpec(spec, environment);
  const file = read.kind === 'path' ? read.path : modelPath(environment.dataDir, read.name);
  const stats = statSync(file, { throwIfNoEntry: false });
  return [read, stats === undefined ? null : [stats.size, stats.mtimeMs, stats.ino]];
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Makes every lane and evaluates the prefix on it, with a record for each. What it answers, nobody sees. */
async function warmUp(context: CliContext, task: Task): Promise<void> {
  async function* records(): AsyncIterable<InputRecord> {
    for (let index = 0; index < task.engine.lanes; index++) {
      const text = 'Hello.';
      const fields = { [task.profile.input]: text };
      yield { index, id: String(index), text, fields, added: null, origin: { file: '-', line: null } };
    }
  }
  for await (const _ of predict(task, records(), { explain: false, now: context.now, signal: context.signal }));
}
