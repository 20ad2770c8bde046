import { openTask, predict, type Task } from './predict.js';
import { classified, labelsOf, scoreOf } from './task-types/classify/values.js';
import type { Example, Label, TaskProfile } from './types.js';

/** How far a task's labels depend on the order in which they are named. */
export interface OrderProbe {
  readonly orders: number;
  readonly n: number;
  /** Share of the records whose label is not the same in all orders. */
  readonly flipRate: number;
  /** Mean over records and other orders of half the sum of the differences of the probabilities. */
  readonly shift: number;
  /** Share of right labels by order, the task's own first. */
  readonly accuracy: readonly number[];
  /** Accuracy of the label with the highest mean probability over all orders. */
  readonly averagedAccuracy: number;
}

/** Orders beside the task's own: the reverse, and two in which every label has another position. */
const otherOrders = 3;

/** The labels in the task's own order and in others, no two the same. */
export function labelOrders(labels: readonly Label[]): Label[][] {
  const rotated = (by: number) => labels.map((_, i) => labels[(i + by) % labels.length] as Label);
  const step = Math.max(1, Math.floor(labels.length / otherOrders));
  const all = [[...labels], [...labels].reverse(), rotated(step), rotated(2 * step)];
  const seen = new Set<string>();
  return all.filter((order) => {
    const key = JSON.stringify(order.map(({ name }) => name));
    return seen.has(key) ? false : seen.add(key);
  });
}

/**
 * Classifies the examples with the labels in several orders: in the instruction, and so in the order of the examples of
 * the prompt. Each order is a task of its own, calibrated as it would be.
 */
export async function probeOrder(
  task: Task,
  examples: readonly Example[],
  options: { readonly now: () => number; readonly signal: AbortSignal; readonly onDone: (done: number) => void },
): Promise<OrderProbe> {
  const rows: Readonly<Record<string, number>>[][] = [];
  const orders = labelOrders(task.profile.labels);
  const records = examples.map(({ record }) => record);
  for (const labels of orders) {
    const ordered = labels === orders[0] ? task : await inOrder(task, labels);
    const own: Readonly<Record<string, number>>[] = [];
    const { now, signal } = options;
    for await (const { output } of predict(ordered, records, { explain: false, now, signal })) {
      own.push(classified(output)?.scores ?? {});
      options.onDone(rows.length * examples.length + own.length);
    }
    signal.throwIfAborted();
    rows.push(own);
  }
  const gold = examples.map((example) => labelsOf(example.gold)[0] ?? '');
  return orderFigures(rows, gold);
}

/** @param rows probabilities by label, of each record in each order */
export function orderFigures(
  rows: readonly (readonly Readonly<Record<string, number>>[])[],
  gold: readonly string[],
): OrderProbe {
  const n = gold.length;
  const share = (count: number) => count / Math.max(1, n);
  const chosen = rows.map((own) => own.map(likeliest));
  const flipped = gold.filter((_, i) => new Set(chosen.map((own) => own[i])).size > 1).length;
  const shifts = rows.slice(1).flatMap((own) => own.map((scores, i) => distance(rows[0]?.[i] ?? {}, scores)));
  const right = (labels: readonly (string | undefined)[]) =>
    share(gold.filter((label, i) => labels[i] === label).length);
  const means = gold.map((_, i) => likeliest(meanOf(rows.map((own) => own[i] ?? {}))));
  return {
    orders: rows.length,
    n,
    flipRate: share(flipped),
    shift: shifts.reduce((sum, value) => sum + value, 0) / Math.max(1, shifts.length),
    accuracy: chosen.map(right),
    averagedAccuracy: right(means),
  };
}

/** Nothing is kept of its calibration: the next run would not look for it. */
function inOrder(task: Task, labels: readonly Label[]): Promise<Task> {
  const profile: TaskProfile = { ...task.profile, labels: [...labels] };
  return openTask({
    profile,
    engine: task.engine,
    documents: [],
    cache: { get: async () => null, set: async () => undefined },
    ownDocuments: async () => [],
    onProgress: () => undefined,
  });
}

function likeliest(scores: Readonly<Record<string, number>>): string | undefined {
  const ranked = Object.entries(scores).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return ranked[0]?.[0];
}

function meanOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const scores of all) for (const [name, p] of Object.entries(scores)) sums.set(name, (sums.get(name) ?? 0) + p);
  return Object.fromEntries(sums);
}

/** Total variation: 0 the same, 1 nothing in common. */
function distance(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): number {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].reduce((sum, name) => sum + Math.abs(scoreOf(a, name) - scoreOf(b, name)), 0) / 2;
}
