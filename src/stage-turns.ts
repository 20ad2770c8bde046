/** One of several models that share a processor. */
export interface StageTurn {
  /** Runs `work` when it is this model's turn. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** How long it has been at work, seconds. */
  seconds(): number;
}

/** Number of pieces of work after which a model lets another one compute. */
const batch = 64;

/**
 * Lets only one of several models work at a time, on as many pieces at once as come: two that compute at once would wait
 * for each other's threads. Who is at work goes on until nothing of it is left or another one has waited for a batch.
 * @param now milliseconds of some clock
 */
export function createStageTurns(now: () => number): () => StageTurn {
  const queues = new Map<StageTurn, (() => void)[]>();
  let active: StageTurn | null = null;
  let running = 0;
  let started = 0;
  let since = 0;
  const worked = new Map<StageTurn, number>();

  const othersWait = () => [...queues].some(([turn, queue]) => turn !== active && queue.length > 0);

  const begin = (turn: StageTurn) => {
    if (active !== turn) {
      active = turn;
      started = 0;
    }
    if (running === 0) since = now();
    running++;
    started++;
  };

  const end = () => {
    running--;
    if (running > 0 || active === null) return;
    worked.set(active, (worked.get(active) ?? 0) + now() - since);
    const next =
      [...queues].find(([turn, queue]) => turn !== active && queue.length > 0) ??
      [...queues].find(([, queue]) => queue.length > 0);
    if (next === undefined) return;
    const [turn, queue] = next;
    for (const start of queue.splice(0)) {
      begin(turn);
      start();
    }
  };

  return () => {
    const queue: (() => void)[] = [];
    const turn: StageTurn = {
      async take(work) {
        const free = running === 0 || (active === turn && !(started >= batch && othersWait()));
        if (free) begin(turn);
        else await new Promise<void>((resolve) => queue.push(resolve));
        try {
          return await work();
        } finally {
          end();
        }
      },
      seconds: () => (worked.get(turn) ?? 0) / 1000,
    };
    queues.set(turn, queue);
    return turn;
  };
}
