import type { Report } from '../../evaluate/report.js';
import { formatBytes } from '../../quantities.js';
import { taskTypes } from '../../task-types/index.js';
import { moneyText } from './money-text.js';

/** The parts of a report that people read. */
export type ShownReport = Omit<Report, 'records'>;

/** How far labels depend on their order; none where that was not measured. */
export function orderLines({ order }: ShownReport): string[] {
  if (order === undefined) return [];
  const { orders, n, flipRate, shift, accuracy, averagedAccuracy } = order;
  const each = accuracy.map((value) => value.toFixed(3)).join(', ');
  return [
    `labels in ${orders} orders: ${(100 * flipRate).toFixed(1)} % of ${n} records get another label in some order, probabilities move by ${shift.toFixed(3)} on average`,
    `accuracy by order ${each}; averaged over all orders ${averagedAccuracy.toFixed(3)}`,
  ];
}

/** The labels to choose among; none where those were all. */
export function amongLines({ data: { among, leftOut = 0 } }: ShownReport): string[] {
  if (among === undefined) return [];
  const left = leftOut === 0 ? '' : `; ${leftOut} left out because their gold label is none of these`;
  return [`among ${among.join(', ')}${left}`];
}

/** Speed and memory, and what went wrong. */
export function speedLine({ speed, ungrounded, failed, type }: ShownReport): string {
  const parts = [
    `${speed.recordsPerSecond.toFixed(1)} records a second`,
    `${speed.tokensPerRecord.toFixed(1)} tokens a record`,
    `${formatBytes(speed.peakMemoryBytes)} peak memory`,
  ];
  const money = moneyText(speed.cost.moneyPerThousand);
  if (money !== null) parts.push(money === '?' ? 'price not known (remote.prices)' : `${money} for 1,000 records`);
  if (taskTypes[type].isGrounded !== null) parts.push(`${ungrounded} ungrounded`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

/** The share of right results among the surest ones, once where equal scores make points the same. */
export function surestOf({ coverage }: ShownReport) {
  return coverage.flatMap(({ coverage: share, threshold, right }, at) =>
    threshold === null || right === null || threshold === coverage[at - 1]?.threshold
      ? []
      : [{ coverage: share, threshold, right }],
  );
}
