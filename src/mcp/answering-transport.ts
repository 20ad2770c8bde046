import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';

/** A transport that knows which requests have no answer yet. */
export interface AnsweringTransport extends Transport {
  /** Resolves when every request that has come is answered, or was cancelled by the client. */
  answered(): Promise<void>;
}

/** Passes everything on to a transport and from it, and remembers the requests under way. */
export function answeringTransport(inner: Transport): AnsweringTransport {
  const pending = new Set<string | number>();
  let wake: () => void = () => undefined;
  const settle = (id: unknown) => {
    if (pending.delete(id as string | number) && pending.size === 0) wake();
  };
  const outer: AnsweringTransport = {
    async start() {
      inner.onmessage = (message: JSONRPCMessage, extra) => {
        if ('method' in message && 'id' in message) pending.add(message.id);
        else if ('method' in message && message.method === 'notifications/cancelled')
          settle((message.params as { requestId?: unknown } | undefined)?.requestId);
        outer.onmessage?.(message, extra);
      };
      inner.onclose = () => outer.onclose?.();
      inner.onerror = (error) => outer.onerror?.(error);
      await inner.start();
    },
    async send(message, options) {
      await inner.send(message, options);
      if (!('method' in message)) settle(message.id);
    },
    close: () => inner.close(),
    async answered() {
      while (pending.size > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
  return outer;
}
