import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/**
 * Ends a stream so that its client sees that a part is missing: the connection is closed without the end of the body,
 * once the lines before it are sent. An error of the stream does the same, but the server then writes it to stderr as a
 * defect of ours, with its stack.
 */
export function breakOff(c: Context, stream: ReadableStreamDefaultController, why: string): void {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  if (outgoing === undefined) {
    stream.error(new Error(why));
    return;
  }
  // The adapter holds the first lines back for a moment.
  const close = (): void => {
    if (outgoing.destroyed) return;
    if (outgoing.headersSent) setImmediate(() => outgoing.socket?.destroySoon());
    else setTimeout(close, 5);
  };
  close();
}
