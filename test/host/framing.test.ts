import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { onMessages, send } from '../../src/host/framing.js';

/** What arrives when `bytes` come in pieces of `size`. */
async function received(bytes: Buffer, size: number): Promise<unknown[]> {
  const stream = new PassThrough();
  const messages: unknown[] = [];
  stream.on('error', () => messages.push('error'));
  onMessages(stream, (message) => messages.push(message));
  for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
  await new Promise((resolve) => setTimeout(resolve, 5));
  return messages;
}

describe('a message', () => {
  const messages = [{ text: 'a\nb\r\u2028 "c" \\' }, { text: '😀é' }, { text: '' }, { list: [1, null, { a: [] }] }];
  const stream = new PassThrough();
  for (const message of messages) send(stream, message);
  const bytes = stream.read() as Buffer;

  for (const size of [1, 3, 1000]) {
    it(`arrives whole when the bytes come by ${size}`, async () => {
      assert.deepEqual(await received(bytes, size), messages);
    });
  }

  it('keeps half a surrogate pair', async () => {
    const half = { text: 'x\ud83d' };
    const pipe = new PassThrough();
    send(pipe, half);
    assert.deepEqual(await received(pipe.read() as Buffer, 1000), [half]);
  });

  for (const wrong of ['no JSON', '"text"', 'null']) {
    it(`that is ${wrong} ends the conversation`, async () => {
      assert.deepEqual(await received(Buffer.from(`${wrong}\n{}\n`), 1000), ['error']);
    });
  }
});
