/** How the threads of a machine are used: so many contexts at work at once, with so many threads each. */
export interface Shape {
  readonly lanes: number;
  readonly threadsPerLane: number;
}

/** More lanes than this bring memory traffic, not speed; what is left of the threads is shared among them. */
const maxLanes = 8;

/**
 * Without having measured: a lane for each thread for streams of records. For a single record, the threads but one
 * on one lane; threads wait for each other by spinning, and with a core short they take 10 times as long.
 */
export function defaultShape(threads: number, parallel: 'one' | 'many'): Shape {
  // Of few threads, one lane has no use for more than one.
  const lanes = parallel === 'one' && threads >= 4 ? 1 : Math.min(threads, maxLanes);
  return { lanes, threadsPerLane: Math.max(1, lanes === 1 ? threads - 1 : Math.floor(threads / lanes)) };
}

/**
 * Shapes worth measuring on so many threads, the default for streams first: lanes in powers of two, each with all
 * the threads that there are for it, with half of them, and with one.
 */
export function shapeCandidates(threads: number): Shape[] {
  const shapes = [defaultShape(threads, 'many'), defaultShape(threads, 'one')];
  for (let lanes = 1; lanes <= Math.min(threads, maxLanes * 2); lanes *= 2) {
    const most = Math.floor(threads / lanes);
    for (const threadsPerLane of [most, most >> 1, 1]) if (threadsPerLane > 0) shapes.push({ lanes, threadsPerLane });
  }
  return shapes.filter((shape, i) => shapes.findIndex((other) => sameShape(shape, other)) === i);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.lanes === b.lanes && a.threadsPerLane === b.threadsPerLane;
}
