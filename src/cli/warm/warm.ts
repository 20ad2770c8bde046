import { Command, Option } from 'commander';
import type { HostFlags, HostMessage } from '../../app/warm/start-host.js';
import { messageOf, SlmError } from '../../errors.js';
import { formatBytes } from '../../quantities.js';
import type { CliContext } from '../context.js';
import { duration, shared } from '../options.js';

interface WarmFlags extends HostFlags {
  foreground?: boolean;
}

/** `slm warm`: a task and its model stay in memory. */
export function warmCommand(context: CliContext): Command {
  return new Command('warm')
    .description('keep a task and its model in memory, so that `slm run` starts at once')
    .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
    .addOption(
      new Option('--keep-alive <time>', 'end after this long without use: 90s, 10m, 1h')
        .argParser(duration)
        .default(600_000, '10m'),
    )
    .option('--foreground', 'stay in the foreground, for a supervisor such as systemd')
    .addOption(shared.context())
    .addOption(shared.threshold())
    .addOption(shared.among())
    .addOption(shared.untuned())
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .action(async (task: string, flags: WarmFlags) => {
      if (flags.foreground === true) await stay(context, task, flags);
      else await leave(context, task, flags);
    });
}

async function leave(context: CliContext, task: string, flags: WarmFlags): Promise<void> {
  const { startHost } = await import('../../app/warm/start-host.js');
  const started = await startHost(context, task, flags);
  if (started === null) context.notice(`${task} is warm already; \`slm ps\` lists all warm tasks`);
  else {
    const { boundHosts } = await import('../../app/warm/hosts.js');
    const bytes = await boundHosts(context, started.pid);
    const memory = bytes === null ? '' : `, and holds ${formatBytes(bytes)} of memory`;
    context.notice(
      `${task} is warm on ${started.model}, in process ${started.pid}${memory}; \`slm stop ${task}\` ends it`,
    );
  }
}

async function stay(context: CliContext, task: string, flags: WarmFlags): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGTERM', end);
  context.signal.addEventListener('abort', end, { once: true });
  const parent = process.send === undefined ? null : tellParent;
  try {
    const { host } = await import('../../app/warm/host.js');
    await host({ ...context, signal: stop.signal }, task, flags, async ({ model, pid }) => {
      if (parent === null && pid !== process.pid) context.notice(`${task} is warm already, in process ${pid}`);
      else if (parent === null) context.notice(`${task} is warm on ${model}; Ctrl-C ends it`);
      else await parent({ started: { pid, model } });
    });
  } catch (error) {
    if (parent === null) throw error;
    const known = error instanceof SlmError;
    const kind = known ? error.kind : 'failure';
    await parent({ problem: { kind, message: messageOf(error), hint: known ? (error.hint ?? null) : null } });
  }
}

/** Says how it went, once; from then on there are no ties between the two processes. */
function tellParent(message: HostMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) return resolve();
    process.send(message, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}
