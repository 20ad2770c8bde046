import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { onMessages, send } from '../src/host/framing.js';
import { type PackedOutput, packOutput, unpackOutput } from '../src/host/protocol.js';
import type { Output } from '../src/types.js';

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

describe('the text of a document', () => {
  const document = 'Trains leave at noon.';
  const output: Output = {
    type: 'answer',
    answer: 'noon',
    score: 0.9,
    evidence: { source: 'a.md', text: document, line: 1, span: { start: 16, end: 20 }, sentence: document },
  };

  it('is sent once, and the output is what it was', () => {
    const texts = new Map<number, string>();
    let sent = 0;
    const packed = packOutput(output, new Map([[document, 7]]), (text, id) => {
      sent++;
      texts.set(id, text);
    });
    assert.ok(!JSON.stringify((packed as { packed: unknown }).packed).includes('"text":"Trains'));
    assert.deepEqual(unpackOutput(JSON.parse(JSON.stringify(packed)) as PackedOutput, texts), output);
    assert.equal(sent, 1);
  });

  it('goes along where it is the record itself', () => {
    assert.equal(
      packOutput(output, new Map(), () => assert.fail('nothing to send')),
      output,
    );
  });
});
