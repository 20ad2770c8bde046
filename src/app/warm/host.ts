import { stampOf } from '../../gguf/model-file.js';
import { summaryOf } from '../../host/protocol.js';
import { AlreadyThere, listen } from '../../host/server.js';
import { predict, type Task } from '../../predict.js';
import type { InputRecord } from '../../types.js';
import { loadTask } from '../opening/loaded-task.js';
import { openTaskFor } from '../opening/open-cascade.js';
import { outputBasis } from '../run/run-spec.js';
import type { Surroundings } from '../surroundings.js';
import { type HostFlags, noPlace } from './start-host.js';
import { hostAddress } from './warm.js';

/**
 * Loads a task and its model and serves them until nobody has come for a while.
 * @param onStart called once clients can come
 */
export async function host(
  surroundings: Surroundings,
  spec: string,
  flags: HostFlags,
  onStart: (started: { model: string; pid: number }) => Promise<void>,
): Promise<void> {
  const address = await hostAddress(surroundings, spec, flags, true);
  if (address === null) throw noPlace();
  const { profile, documents, isCurrent } = await loadTask(surroundings, spec, flags);
  const { task, checkModel, close } = await openTaskFor(surroundings, profile, flags, 'many', documents);
  const { engine } = task;
  const file = engine.model.path;
  const modelFile = file === null ? null : { path: file, stamp: stampOf(file) };
  try {
    await warmUp(surroundings, task);
    const { ended } = await listen({
      ...address,
      task,
      hosted: { summary: summaryOf(task), basis: await outputBasis(surroundings, task, documents, flags), modelFile },
      keepAliveMs: flags.keepAlive,
      checkModel,
      isCurrent,
      now: surroundings.now,
      memoryBytes: () => surroundings.memoryBytes(),
      signal: surroundings.signal,
    });
    await onStart({ model: engine.model.name, pid: process.pid });
    await ended;
  } catch (error) {
    if (!(error instanceof AlreadyThere)) throw error;
    // Another one was faster.
    await onStart({ model: error.status.model, pid: error.status.pid });
  } finally {
    await close();
  }
}

/** Makes every slot and evaluates the prefix on it, with a record for each. What it answers, nobody sees. */
async function warmUp(surroundings: Surroundings, task: Task): Promise<void> {
  async function* records(): AsyncIterable<InputRecord> {
    for (let index = 0; index < task.engine.slots; index++) {
      const text = 'Hello.';
      const fields = { [task.profile.input]: text };
      yield { index, id: String(index), text, fields, added: null, origin: { file: '-', line: null } };
    }
  }
  for await (const _ of predict(task, records(), {
    explain: false,
    now: surroundings.now,
    signal: surroundings.signal,
  }));
}
