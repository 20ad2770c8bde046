import type { CliContext } from './context.js';
import { type Input, type InputFlags, isSingle } from './inputs.js';
import type { TaskFlags } from './open.js';
import type { TaskSource } from './task-source.js';

export interface SourceFlags extends TaskFlags {
  cache?: boolean;
  explain?: boolean;
  warm: boolean;
  keepAlive?: number;
}

/** A warm host where one has this task ready, else the model in this process. */
export async function chooseSource(
  context: CliContext,
  task: string,
  inputs: readonly Input[],
  flags: SourceFlags & InputFlags,
): Promise<TaskSource> {
  const openHere = async () => {
    const { loadEarly } = await import('./early-model.js');
    const early = await loadEarly(context, task, flags);
    const source = await import('./task-source.js');
    return source.openHere(context, task, flags, isSingle(inputs, flags) ? 'one' : 'many', early);
  };
  if (!mayBeWarm(context, flags)) return openHere();
  const { openWarm } = await import('./warm.js');
  if (flags.keepAlive !== undefined) {
    const { startHost } = await import('./start-host.js');
    await startHost(context, task, { ...flags, keepAlive: flags.keepAlive });
  }
  return (await openWarm(context, task, flags, openHere)) ?? openHere();
}

/**
 * What explains itself, shows the log of llama.cpp, or looks up results by what the prompt says must be here; and
 * standard input cannot be in two places.
 */
function mayBeWarm({ debug }: CliContext, flags: SourceFlags): boolean {
  return (
    flags.warm && flags.explain !== true && flags.cache !== true && !debug && flags.context?.includes('-') !== true
  );
}
