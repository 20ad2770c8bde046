/** One of those who share something. */
export interface Guest {
  /** Runs `work` when it is this guest's turn. */
  take<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Lets `slots` pieces of work run at once and hands free slots to the guests in turn: one with a hundred pieces
 * waiting holds nobody up who has one.
 */
export function createTurns(slots: number): () => Guest {
  const queues: (() => void)[][] = [];
  let free = slots;
  let next = 0;

  function release(): void {
    for (let i = 0; i < queues.length; i++) {
      const at = (next + i) % queues.length;
      const start = queues[at]?.shift();
      if (start === undefined) continue;
      next = (at + 1) % queues.length;
      start();
      return;
    }
    free++;
  }

  return () => {
    const queue: (() => void)[] = [];
    return {
      async take(work) {
        if (free > 0) free--;
        else {
          if (!queues.includes(queue)) queues.push(queue);
          await new Promise<void>((resolve) => queue.push(resolve));
        }
        try {
          return await work();
        } finally {
          release();
          // Guests come and go; an empty queue is put back when it is needed.
          if (queue.length === 0 && queues.includes(queue)) queues.splice(queues.indexOf(queue), 1);
        }
      },
    };
  };
}
