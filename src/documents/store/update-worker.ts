import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import { isUnusable, openStore } from './schema.js';
import { differences, updateStore } from './update.js';
import type { UpdateMessage, UpdateTask } from './update-thread.js';

// The thread of update-thread.ts.
const { file, origin, paths, date } = workerData as UpdateTask;
const send = (message: UpdateMessage) => parentPort?.postMessage(message);
try {
  const store = openStore(file, origin, { make: true });
  try {
    await updateStore(store, differences(store, paths), {
      // A file that is written while this goes on is looked at again in any case.
      date: () => date,
      onProgress: (done, total) => send({ kind: 'progress', done, total }),
      onWarning: (text) => send({ kind: 'warning', text }),
    });
  } finally {
    store.close();
  }
  send({ kind: 'done' });
} catch (error) {
  send({ kind: isUnusable(error) ? 'unusable' : 'failed', reason: messageOf(error) });
}
