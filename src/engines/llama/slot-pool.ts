import { AsyncLocalStorage } from 'node:async_hooks';
import type { Prompt } from '../../types.js';
import type { Lane } from './slot.js';

interface Waiting {
  readonly prompt: Prompt;
  readonly resolve: (lane: Lane) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Hands out lanes, the one that shares most with the prompt first, and makes new ones up to `size` only when all
 * are busy: a single record never pays for a second context.
 */
export class LanePool {
  readonly #size: number;
  readonly #create: () => Promise<Lane>;
  readonly #lanes: Lane[] = [];
  readonly #free: Lane[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #held = new AsyncLocalStorage<{ lane: Lane; busy: Promise<unknown> }>();
  #creating = 0;
  #disposed = false;

  constructor(size: number, create: () => Promise<Lane>) {
    this.#size = size;
    this.#create = create;
  }

  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  async use<T>(prompt: Prompt, work: (lane: Lane) => Promise<T>): Promise<T> {
    const held = this.#held.getStore();
    if (held !== undefined) {
      const turn = held.busy.then(() => work(held.lane));
      held.busy = turn.catch(() => undefined);
      return turn;
    }
    const lane = await this.#acquire(prompt);
    try {
      return await work(lane);
    } finally {
      this.#release(lane);
    }
  }

  /** All calls made within `work` get the same lane, so that what one has evaluated is there for the next. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#held.getStore() !== undefined) return work();
    const lane = await this.#acquire({ prefix: [], input: [] });
    try {
      return await this.#held.run({ lane, busy: Promise.resolve() }, work);
    } finally {
      this.#release(lane);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#lanes.map((lane) => lane.dispose()));
  }

  async #acquire(prompt: Prompt): Promise<Lane> {
    if (this.#disposed) throw new Error('the engine is closed');
    const best = this.#takeBest(prompt);
    if (best !== null) return best;
    if (this.#lanes.length + this.#creating < this.#size) {
      this.#creating++;
      try {
        const lane = await this.#create();
        this.#lanes.push(lane);
        return lane;
      } catch (error) {
        if (this.#lanes.length + this.#creating === 1) for (const { reject } of this.#waiting.splice(0)) reject(error);
        throw error;
      } finally {
        this.#creating--;
      }
    }
    return new Promise((resolve, reject) => this.#waiting.push({ prompt, resolve, reject }));
  }

  #takeBest(prompt: Prompt): Lane | null {
    let best: Lane | null = null;
    let reusable = -1;
    for (const lane of this.#free) {
      const tokens = lane.reusable(prompt);
      if (tokens > reusable) {
        best = lane;
        reusable = tokens;
      }
    }
    if (best !== null) this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }

  /** To whoever waits for what the lane has at hand, else to who has waited longest. */
  #release(lane: Lane): void {
    let best = 0;
    let reusable = 0;
    for (const [i, { prompt }] of this.#waiting.entries()) {
      const tokens = lane.reusable(prompt);
      if (tokens > reusable) {
        best = i;
        reusable = tokens;
      }
    }
    const [next] = this.#waiting.splice(best, 1);
    if (next === undefined) this.#free.push(lane);
    else next.resolve(lane);
  }
}
