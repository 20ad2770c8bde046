import { usageError } from '../../errors.js';
import type { TaskFlags } from '../opening/flags.js';
import type { Surroundings } from '../surroundings.js';
import { type Input, type InputFlags, isSingle } from './inputs.js';
import type { TaskSource } from './task-source.js';

export interface SourceFlags extends TaskFlags {
  cache?: boolean;
  explain?: boolean;
  warm: boolean;
  keepAlive?: number;
}

/** A warm host where one has this task ready, else the model in this process. */
export async function chooseSource(
  surroundings: Surroundings,
  task: string,
  inputs: readonly Input[],
  flags: SourceFlags & InputFlags,
): Promise<TaskSource> {
  checkStdin(inputs, flags);
  const openHere = async () => {
    const { loadEarly } = await import('../opening/early-model.js');
    const early = await loadEarly(surroundings, task, flags);
    const source = await import('./task-source.js');
    return source.openHere(surroundings, task, flags, isSingle(inputs, flags) ? 'one' : 'many', early);
  };
  const here = keptHere(surroundings, flags);
  if (here !== null) {
    if (flags.keepAlive !== undefined)
      surroundings.notice(`--keep-alive leaves no host after a run with ${here}; \`slm warm\` starts one`);
    return openHere();
  }
  const { openWarm } = await import('../warm/warm.js');
  if (flags.keepAlive !== undefined) {
    const { startHost } = await import('../warm/start-host.js');
    await startHost(surroundings, task, { ...flags, keepAlive: flags.keepAlive });
  }
  return (await openWarm(surroundings, task, flags, openHere)) ?? openHere();
}

/** @throws SlmError where standard input would be both the records and a document */
function checkStdin(inputs: readonly Input[], { context = [], text }: SourceFlags & InputFlags): void {
  // Texts of the command line are called `-`, too.
  if (!context.includes('-') || text !== undefined || inputs.every(({ source }) => source.file !== '-')) return;
  throw usageError(
    'standard input cannot be both the document (--context -) and the questions.',
    'Give the questions with --text, or in a file.',
  );
}

/**
 * The flag that keeps a run in this process; null where a warm host may do it. It may not for `--explain`, for the log
 * of llama.cpp and for a cache of results, which need the model here; and standard input cannot be in two processes.
 */
function keptHere({ engineLog }: Surroundings, flags: SourceFlags): string | null {
  if (!flags.warm) return '--no-warm';
  if (flags.explain === true) return '--explain';
  if (flags.cache === true) return '--cache';
  if (engineLog !== null) return '--debug';
  return flags.context?.includes('-') === true ? '--context -' : null;
}
