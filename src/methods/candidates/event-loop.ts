/** Training keeps the thread busy for seconds; an interrupt gets its turn here. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
