import type { ModelInfo } from '../types.js';
import type { MethodContext } from './types.js';

/**
 * Largest cost of calibrating before the first answer: bytes of weights times tokens read. It is four seconds for a model
 * of 1.1 GB on two cores. It does not depend on the machine, so that the constants are the same everywhere.
 */
const startBudget = 500e9;

/** The same for the prefix that all prompts share and what is read after it: five to six seconds there. */
const wholeStartBudget = 600e9;

interface SizedEngine {
  readonly model: Pick<ModelInfo, 'bytes'>;
}

/**
 * The examples that are scored before the first answer: all where calibration was asked for or they are cheap on this
 * model, else as many as a few seconds allow, evenly over the list.
 * @param tokensOf tokens that one of them costs, beside what all prompts share
 * @param shared tokens that all prompts share
 */
export function startPool<T>(
  { engine, thorough }: Pick<MethodContext, 'thorough'> & { readonly engine: SizedEngine },
  pool: readonly T[],
  tokensOf: (item: T) => number,
  shared = 0,
): readonly T[] {
  if (thorough === true || pool.length === 0) return pool;
  const sample = spread(pool, sampled);
  const mean = sample.reduce((sum, item) => sum + tokensOf(item), 0) / sample.length;
  return spread(pool, affordable(engine, mean, shared));
}

/** The same where a judge reads what the model reads: both cost time. */
export function readingBoth({
  engine,
  judge,
  thorough,
}: Pick<MethodContext, 'thorough' | 'judge'> & { readonly engine: SizedEngine }): Pick<MethodContext, 'thorough'> & {
  readonly engine: SizedEngine;
} {
  const bytes = (engine.model.bytes ?? usualBytes) + (judge == null ? 0 : (judge.model.bytes ?? usualBytes));
  return { engine: { model: { bytes } }, ...(thorough === undefined ? {} : { thorough }) };
}

/** Items whose tokens are counted; the others are about as long. */
const sampled = 12;

/** Taken for a model whose size is not known. */
const usualBytes = 1e9;

function affordable({ model }: SizedEngine, tokens: number, shared: number): number {
  const bytes = model.bytes ?? usualBytes;
  const left = Math.max(0, Math.min(startBudget, wholeStartBudget - bytes * shared));
  return Math.floor(left / (bytes * Math.max(1, tokens)));
}

/** At most `count` items, evenly over the list. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as T);
}
