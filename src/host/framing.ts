import type { Duplex } from 'node:stream';
import { parseJson, stringifyJson } from '../json.js';

/** A longer message is no message of ours; a record may have 8 MB, and escapes make it longer. */
const maxMessageBytes = 256 << 20;

/** Sends one message: a line of JSON. JSON has no line ends of its own, so that the frame is safe for any text. */
export function send(socket: Duplex, message: unknown): void {
  socket.write(`${stringifyJson(message)}\n`);
}

/**
 * Calls `receive` with each message, in order. Whatever is not JSON destroys the socket with an error: the other
 * side is not who we think.
 */
export function onMessages(socket: Duplex, receive: (message: object) => void): void {
  let parts: Buffer[] = [];
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      from = end + 1;
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      bytes = 0;
      let message: unknown;
      try {
        message = parseJson(line);
      } catch {
        socket.destroy(new Error('a message that is not JSON'));
        return;
      }
      if (typeof message !== 'object' || message === null) {
        socket.destroy(new Error('a message that is no object'));
        return;
      }
      receive(message);
      if (socket.destroyed) return;
    }
    bytes += chunk.length - from;
    if (from < chunk.length) parts.push(chunk.subarray(from));
    if (bytes > maxMessageBytes) socket.destroy(new Error('a message without an end'));
  });
}
