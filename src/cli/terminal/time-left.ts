import { formatDuration } from '../../quantities.js';

/** Where work was when it was first heard of. */
export interface PaceStart {
  readonly ms: number;
  readonly done: number;
}

/** How long the rest takes at the pace since then, as people read it: `2 min 5 s left`; null before the pace is known. */
export function timeLeft(start: PaceStart, nowMs: number, done: number, total: number): string | null {
  if (done <= start.done) return null;
  const each = (nowMs - start.ms) / (done - start.done);
  return `${formatDuration((each * (total - done)) / 1000)} left`;
}
