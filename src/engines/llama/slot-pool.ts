import { AsyncLocalStorage } from 'node:async_hooks';
import type { Prompt } from '../../types.js';
import type { Slot } from './slot.js';

interface Waiting {
  readonly prompt: Prompt;
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: unknown) => void;
}

const nothing: Prompt = { prefix: [], input: [] };

/**
 * Hands out slots, the one that shares most with the prompt first, and makes new ones up to `size` only when all
 * are busy: a single record pays for a second context only if it has work to do beside.
 */
export class SlotPool {
  readonly #size: number;
  readonly #create: () => Promise<Slot>;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #held = new AsyncLocalStorage<{ slot: Slot; busy: Promise<unknown> }>();
  readonly #signal: AbortSignal | undefined;
  /** Rejects calls under way. One listener for all: a signal warns of more than ten. */
  readonly #underWay = new Set<(reason: unknown) => void>();
  #creating = 0;
  #disposed = false;

  /** @param signal rejects all calls, those under way too; what a slot is at goes on to its end */
  constructor(size: number, create: () => Promise<Slot>, signal?: AbortSignal) {
    this.#size = size;
    this.#create = create;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => {
    for (const { reject } of this.#waiting.splice(0)) reject(this.#signal?.reason);
    for (const reject of this.#underWay) reject(this.#signal?.reason);
  };

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  async use<T>(prompt: Prompt, work: (slot: Slot) => Promise<T>): Promise<T> {
    const held = this.#held.getStore();
    if (held !== undefined) {
      const turn = held.busy.then(() => work(held.slot));
      held.busy = turn.catch(() => undefined);
      return this.#untilAborted(turn);
    }
    const slot = await this.#acquire(prompt);
    return this.#untilAborted(work(slot).finally(() => this.#release(slot)));
  }

  /** All calls made within `work` get the same slot, so that what one has evaluated is there for the next. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#held.getStore() !== undefined) return work();
    return this.#holding(await this.#acquire(nothing), work);
  }

  /** Work on another slot than the one that is held; null if there is none at once. */
  beside<T>(work: () => Promise<T>): Promise<T> | null {
    const isAtHand = this.#free.length > 0 || this.#slots.length + this.#creating < this.#size;
    return isAtHand ? this.#onAnother(work) : null;
  }

  async #onAnother<T>(work: () => Promise<T>): Promise<T> {
    // Without memory for one more, on the one that is held.
    const slot = await this.#acquire(nothing).catch(() => null);
    return slot === null ? work() : this.#holding(slot, work);
  }

  async #holding<T>(slot: Slot, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#held.run({ slot, busy: Promise.resolve() }, work);
    } finally {
      this.#release(slot);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    await Promise.all(this.#slots.map((slot) => slot.dispose()));
  }

  /** The result of `work`, or the signal's reason as soon as it is aborted. */
  #untilAborted<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      if (this.#signal?.aborted === true) reject(this.#signal.reason);
      void work.then(resolve, reject).finally(() => this.#underWay.delete(reject));
    });
  }

  async #acquire(prompt: Prompt): Promise<Slot> {
    if (this.#disposed) throw new Error('the engine is closed');
    this.#signal?.throwIfAborted();
    const best = this.#takeBest(prompt);
    if (best !== null) return best;
    if (this.#slots.length + this.#creating < this.#size) {
      this.#creating++;
      try {
        const slot = await this.#create();
        this.#slots.push(slot);
        return slot;
      } catch (error) {
        if (this.#slots.length + this.#creating === 1) for (const { reject } of this.#waiting.splice(0)) reject(error);
        throw error;
      } finally {
        this.#creating--;
      }
    }
    return new Promise((resolve, reject) => this.#waiting.push({ prompt, resolve, reject }));
  }

  #takeBest(prompt: Prompt): Slot | null {
    let best: Slot | null = null;
    let reusable = -1;
    for (const slot of this.#free) {
      const tokens = slot.reusable(prompt);
      if (tokens > reusable) {
        best = slot;
        reusable = tokens;
      }
    }
    if (best !== null) this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }

  /** To whoever waits for what the slot has at hand, else to who has waited longest. */
  #release(slot: Slot): void {
    let best = 0;
    let reusable = 0;
    for (const [i, { prompt }] of this.#waiting.entries()) {
      const tokens = slot.reusable(prompt);
      if (tokens > reusable) {
        best = i;
        reusable = tokens;
      }
    }
    const [next] = this.#waiting.splice(best, 1);
    if (next === undefined) this.#free.push(slot);
    else next.resolve(slot);
  }
}
