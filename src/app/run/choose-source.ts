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
  if (!mayBeWarm(surroundings, flags)) return openHere();
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
 * Returns whether a warm host may do the run. It may not for `--explain`, for the log of llama.cpp and for a cache of
 * results, which need the model in this process; and standard input cannot be in two processes.
 */
function mayBeWarm({ engineLog }: Surroundings, flags: SourceFlags): boolean {
  return (
    flags.warm &&
    flags.explain !== true &&
    flags.cache !== true &&
    engineLog === null &&
    flags.context?.includes('-') !== true
  );
}
