import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelsOf } from '../../cascade-reference.js';
import { failure } from '../../errors.js';
import { watchModelFile } from '../../gguf/model-file.js';
import { type Connection, connect, HostLost } from '../../host/client.js';
import { hostKey, socketFolder, socketPath } from '../../host/place.js';
import { type Identity, protocol } from '../../host/protocol.js';
import { differences } from '../../jobs/spec.js';
import { once } from '../../lazy.js';
import { mapInOrder } from '../../ordered.js';
import { findTask } from '../../profile/paths.js';
import { isBadRow, predictionOfBadRow } from '../../record.js';
import type { InputRecord, Prediction } from '../../types.js';
import { readConfig } from '../config.js';
import type { TaskFlags } from '../opening/flags.js';
import { threadsOf } from '../opening/threads.js';
import type { TaskSource } from '../run/task-source.js';
import { cacheDirectory, hostPlace, modelEnvironment, profileContext, type Surroundings } from '../surroundings.js';

/** Where the host of a task listens, and what it must be. */
export interface HostAddress {
  readonly socket: string;
  readonly identity: Identity;
}

/**
 * The address for a task with these flags. Made of what the user said, not of what the files hold: the host itself
 * looks whether they have changed, so that a client need not read them.
 * @param create makes the folder of the sockets
 * @returns null where no socket can be trusted
 */
export async function hostAddress(
  surroundings: Surroundings,
  task: string,
  flags: TaskFlags,
  create = false,
): Promise<HostAddress | null> {
  const place = hostPlace(surroundings);
  const folder = socketFolder(place, create);
  if (folder === null) return null;
  const { cwd, folders } = profileContext(surroundings);
  const config = await readConfig(surroundings);
  const environment = modelEnvironment(surroundings);
  const model = flags.model ?? config.model ?? null;
  const documents = flags.context ?? [];
  const program = programOf(surroundings);
  const hasScheme = (name: string) => /^[a-z]{2,}:/u.test(name);
  const pathFromHere = (name: string) => (/[/\\]|\.gguf$/iu.test(name) ? path.resolve(cwd, name) : null);
  const key = hostKey([
    // Hosts of another version stay for its clients, beside ours.
    protocol,
    program,
    path.resolve(cwd, findTask(task, folders, cwd)),
    // A path is one from here, and so are those of images, which services take.
    model === null ? null : [model, ...modelsOf(model).map((name) => (hasScheme(name) ? cwd : pathFromHere(name)))],
    threadsOf(flags, config) ?? null,
    flags.contextSize ?? config.contextSize ?? null,
    flags.gpu ?? config.gpu ?? null,
    flags.threshold ?? null,
    flags.among === undefined ? null : [...flags.among].sort(),
    flags.untuned ?? false,
    // Documents are called by their paths from here.
    documents.length === 0 ? null : [cwd, documents],
    environment.dataDir,
    environment.configDir,
    cacheDirectory(surroundings),
  ]);
  return { socket: socketPath(folder, key, place), identity: { protocol, program, key } };
}

/** Another version, another installation or another build is another program. */
function programOf({ packageRoot }: Surroundings): string {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  const here = fileURLToPath(import.meta.url);
  return `${version} ${here} ${statSync(here).mtimeMs}`;
}

/** The warm host for a task, if there is one. Whatever it cannot do any more is done here, by `openHere`. */
export async function openWarm(
  surroundings: Surroundings,
  task: string,
  flags: TaskFlags,
  openHere: () => Promise<TaskSource>,
): Promise<TaskSource | null> {
  const address = await hostAddress(surroundings, task, flags);
  const connection = address === null ? null : await connect(address.socket, address.identity);
  return connection === null ? null : warmSource(surroundings, connection, openHere);
}

function warmSource(
  surroundings: Surroundings,
  connection: Connection,
  openHere: () => Promise<TaskSource>,
): TaskSource {
  const { summary, basis, modelFile } = connection.hosted;
  const watch = modelFile === null ? null : watchModelFile(modelFile.path, modelFile.stamp);
  let substitute: TaskSource | null = null;
  const here = once(async () => {
    const source = await openHere();
    refuseOther(differences(basis, await source.basis()));
    substitute = source;
    return source;
  });
  const predictOne = async (record: InputRecord): Promise<Prediction> => {
    try {
      return await connection.predict(record);
    } catch (error) {
      if (!(error instanceof HostLost)) throw error;
      return predictHere(await here(), record);
    }
  };
  return {
    summary,
    basis: async () => basis,
    checkModel() {
      watch?.check();
      substitute?.checkModel();
    },
    async *predict(records) {
      try {
        yield* mapInOrder(
          records,
          connection.window,
          async (record) => (isBadRow(record) ? predictionOfBadRow(record) : predictOne(record)),
          surroundings.signal,
        );
      } finally {
        connection.close();
      }
    },
    usage: () => null,
    cached: () => 0,
    close: async () => {
      connection.close();
      await substitute?.close();
    },
  };
}

/** Half of the results from one task and half from another would be worse than half of them. */
function refuseOther(changes: readonly string[]): void {
  if (changes.length === 0) return;
  throw failure(
    `the warm host has ended, and the task has changed since it started:\n${changes.map((line) => `       ${line}`).join('\n')}`,
    'The results written so far are complete. Restore the task and continue with --resume, or start over.',
  );
}

async function predictHere(source: TaskSource, record: InputRecord): Promise<Prediction> {
  async function* one() {
    yield record;
  }
  for await (const prediction of source.predict(one(), { explain: false })) return prediction;
  throw new Error('interrupted');
}
