import { cpuBudget } from '../../engines/cpu-budget.js';
import type { Config } from '../config-file.js';
import type { Surroundings } from '../surroundings.js';

/**
 * The threads that the user asks for, at most as many as there are processors: threads that share a processor wait
 * for each other by spinning, so that 4 on 2 processors are 4 times slower than 2. Undefined where nobody asks.
 */
export function threadsOf(
  flags: { readonly threads?: number },
  config: Pick<Config, 'threads'>,
  processors = cpuBudget(),
): number | undefined {
  const wanted = flags.threads ?? config.threads;
  return wanted === undefined ? undefined : Math.min(wanted, processors);
}

/** Tells the user when more threads are requested than slm uses. */
export function noticeThreads(
  { notice }: Pick<Surroundings, 'notice'>,
  flags: { readonly threads?: number },
  config: Pick<Config, 'threads'>,
  processors = cpuBudget(),
): void {
  const wanted = flags.threads ?? config.threads ?? 0;
  if (wanted <= processors) return;
  const here = processors === 1 ? 'this process may use 1 processor' : `this process may use ${processors} processors`;
  notice(`${wanted} threads were requested, but ${here}; more threads would be slower, so slm uses ${processors}`);
}
