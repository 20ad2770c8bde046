import { Command } from 'commander';
import { listHosts, noticeHidden } from '../../app/warm/hosts.js';
import { formatBytes, formatDuration } from '../../quantities.js';
import { jsonText } from '../../terminal-text.js';
import type { CliContext } from '../context.js';

/** `slm ps`: what `slm warm` has left in memory. */
export function psCommand(context: CliContext): Command {
  return new Command('ps')
    .description('list the tasks that `slm warm` keeps in memory')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const found = await listHosts(context);
      noticeHidden(context, found);
      const hosts = found.live.map(({ status }) => status);
      if (json === true) {
        context.stdout.write(jsonText(hosts));
        return;
      }
      const { tableText } = await import('../terminal/table.js');
      const rows = hosts.map((host) => [
        String(host.pid),
        host.task,
        host.model,
        formatBytes(host.memoryBytes),
        String(host.records),
        host.idleMs === 0 ? 'in use' : formatDuration(host.idleMs / 1000),
        formatDuration(Math.max(0, host.keepAliveMs - host.idleMs) / 1000),
      ]);
      const head = ['PID', 'TASK', 'MODEL', 'MEMORY', 'RECORDS', 'IDLE', 'ENDS IN'];
      context.print(tableText(head, rows, ['right', 'left', 'left', 'right', 'right', 'right', 'right']));
    });
}
