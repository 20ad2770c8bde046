import { Command } from 'commander';
import { listHosts, noticeHidden } from '../../app/warm/hosts.js';
import { failure, suggestion, usageError } from '../../errors.js';
import { askToStop } from '../../host/client.js';
import type { CliContext } from '../context.js';

/** `slm stop`: ends what `slm warm` has begun. */
export function stopCommand(context: CliContext): Command {
  return new Command('stop')
    .description('stop processes of `slm warm`; runs that use them continue without them')
    .argument('[tasks...]', 'task names, or process numbers from `slm ps`')
    .option('--all', 'all of them')
    .action(async (names: string[], { all }: { all?: boolean }) => {
      if (names.length === 0 && all !== true) {
        throw usageError('no task is named', 'Name a task, or give --all; `slm ps` lists them.');
      }
      const found = await listHosts(context);
      noticeHidden(context, found);
      const hosts = found.live;
      const tasks = hosts.map(({ status }) => status.task);
      for (const name of names) {
        if (hosts.some(({ status }) => status.task === name || String(status.pid) === name)) continue;
        throw usageError(`"${name}" is not warm.${suggestion(name, tasks)}`, '`slm ps` lists the tasks that are.');
      }
      for (const { socket, status } of hosts) {
        if (all !== true && !names.includes(status.task) && !names.includes(String(status.pid))) continue;
        if (!(await askToStop(socket))) {
          throw failure(`${status.task} (process ${status.pid}) does not end`, `\`kill -9 ${status.pid}\` ends it.`);
        }
        context.notice(`stopped ${status.task} (process ${status.pid})`);
      }
      if (all === true && (found.silent.length > 0 || found.refusedFolder !== null)) {
        throw failure('some of them could not be stopped', 'The lines above say which, and why.');
      }
    });
}
