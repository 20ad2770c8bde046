import { messageOf } from '../../errors.js';
import { isUnusable, openStore } from './schema.js';
import { differences, updateStore } from './update.js';
import type { UpdateMessage, UpdateTask } from './update-process.js';

// The process of update-process.ts. A terminal sends its signals to both; the one that started this one ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', () => process.exit());
const starter = process.ppid;
process.once('message', (task: UpdateTask) => void update(task));

async function update({ file, origin, paths, date }: UpdateTask): Promise<void> {
  try {
    const store = openStore(file, origin, { make: true });
    try {
      await updateStore(store, differences(store, paths), {
        // A file that is written while this goes on is looked at again in any case.
        date: () => date,
        onProgress: (done, total) => send({ kind: 'progress', done, total }),
        onWarning: (text) => send({ kind: 'warning', text }),
        onSentences: () => {
          // Killed, it has told nobody; another process may be waiting for the database.
          if (process.ppid !== starter) process.exit();
        },
      });
    } finally {
      store.close();
    }
    send({ kind: 'done' });
  } catch (error) {
    send({ kind: isUnusable(error) ? 'unusable' : 'failed', reason: messageOf(error) });
  }
  process.disconnect();
}

function send(message: UpdateMessage): void {
  process.send?.(message);
}
