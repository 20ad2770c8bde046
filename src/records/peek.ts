/** The first bytes of a stream, and all of it. */
export interface Peeked {
  readonly head: Buffer;
  /** The head again, and what follows it. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Whether the head is all there is. */
  readonly ended: boolean;
}

/**
 * The first bytes, as few as decide a matter so that a slow pipe is not held up.
 * @param undecided asked with what has come, at least one byte
 */
export async function peek(chunks: AsyncIterable<Buffer>, undecided: (head: Buffer) => boolean): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let ended = false;
  while (head.length === 0 || undecided(head)) {
    const next = await iterator.next();
    ended = next.done === true;
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return { head, chunks: continued(head, iterator), ended };
}

async function* continued(head: Buffer, iterator: AsyncIterator<Buffer>): AsyncIterable<Buffer> {
  try {
    if (head.length > 0) yield head;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
