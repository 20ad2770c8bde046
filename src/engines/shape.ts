/** How the threads of a machine are used: so many contexts at work at once, with so many threads each. */
export interface Shape {
  readonly slots: number;
  readonly threadsPerSlot: number;
}

/** More slots than this bring memory traffic, not speed; what is left of the threads is shared among them. */
const maxSlots = 8;

/**
 * Without having measured: a slot for each thread for streams of records. For a single record, the threads but one
 * on one slot; threads wait for each other by spinning, and with a core short they take 10 times as long.
 */
export function defaultShape(threads: number, parallel: 'one' | 'many'): Shape {
  // With few threads, a single slot has no use for more than one.
  const slots = parallel === 'one' && threads >= 4 ? 1 : Math.min(threads, maxSlots);
  return { slots, threadsPerSlot: Math.max(1, slots === 1 ? threads - 1 : Math.floor(threads / slots)) };
}

/**
 * Shapes worth measuring on so many threads, the default for streams first: slots in powers of two, each with all
 * the threads that there are for it, with half of them, and with one.
 */
export function shapeCandidates(threads: number): Shape[] {
  const shapes = [defaultShape(threads, 'many'), defaultShape(threads, 'one')];
  for (let slots = 1; slots <= Math.min(threads, maxSlots * 2); slots *= 2) {
    const most = Math.floor(threads / slots);
    for (const threadsPerSlot of [most, most >> 1, 1]) if (threadsPerSlot > 0) shapes.push({ slots, threadsPerSlot });
  }
  return shapes.filter((shape, i) => shapes.findIndex((other) => sameShape(shape, other)) === i);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.slots === b.slots && a.threadsPerSlot === b.threadsPerSlot;
}
