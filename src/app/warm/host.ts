import { modelsOf } from '../../cascade-reference.js';
import { serviceOf } from '../../engines/index.js';
import { usageError } from '../../errors.js';
import { stampOf } from '../../gguf/model-file.js';
import { summaryOf } from '../../host/protocol.js';
import { AlreadyThere, listen } from '../../host/server.js';
import { predict, type Task } from '../../predict.js';
import type { InputRecord } from '../../types.js';
import { chooseModel } from '../opening/choose-model.js';
import { loadTask } from '../opening/loaded-task.js';
import { openTaskFor } from '../opening/open-cascade.js';
import { outputBasis } from '../run/run-spec.js';
import type { Surroundings } from '../surroundings.js';
import { type HostFlags, noPlace } from './start-host.js';
import { hostAddress } from './warm.js';

/**
 * Loads a task and its model and serves them until nobody has come for a while.
 * @param onStart called once clients can come
 * @throws SlmError of kind `usage` where a model is on another machine
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
  refuseOtherMachines(await chooseModel(surroundings, flags, profile));
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

/**
 * Texts leave this machine by leave of each run, with its key and within its budget. A host would send on the texts of
 * every run that finds it.
 */
function refuseOtherMachines(reference: string): void {
  for (const model of modelsOf(reference)) {
    const service = serviceOf(model);
    const machine = service === null ? null : service.kind.host(service.address);
    if (machine === null) continue;
    throw usageError(
      `"${model}" is a model at ${machine}, and a warm host is for models on this machine.`,
      'Use `slm run` without `slm warm` and --keep-alive.',
    );
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
