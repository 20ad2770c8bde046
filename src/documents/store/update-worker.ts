import { messageOf } from '../../errors.js';
import { isUnusable, openStore } from './schema.js';
import { differences, updateStore } from './update.js';
import type { UpdateMessage, UpdateTask } from './update-process.js';

// The process of update-process.ts. A terminal sends its signals to both; the one that started this one ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', () => process.exit());
const starter = process.ppid;
// In a turn of its own: Node must be done with the message before the channel is closed.
process.once('message', (task: UpdateTask) => void setImmediate(update, task));

async function update(task: UpdateTask): Promise<void> {
  const end = await endOf(task);
  process.send?.(end, () => process.disconnect());
}

async function endOf({ file, origin, paths, date }: UpdateTask): Promise<UpdateMessage> {
  try {
    const store = openStore(file, origin, { make: true });
    try {
      await updateStore(store, differences(store, paths), {
        // A file that is written while this goes on is looked at again in any case.
        date: () => date,
        onProgress: (done, total) => send({ kind: 'progress', done, total }),
        onWarning: (problem, file) => send({ kind: 'warning', problem, file }),
        onSentences: () => {
          // Killed, it has told nobody; another process may be waiting for the database.
          if (process.ppid !== starter) process.exit();
        },
      });
    } finally {
      store.close();
    }
    return { kind: 'done' };
  } catch (error) {
    return { kind: isUnusable(error) ? 'unusable' : 'failed', reason: messageOf(error) };
  }
}

function send(message: UpdateMessage): void {
  process.send?.(message);
}
