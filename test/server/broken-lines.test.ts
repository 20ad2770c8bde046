import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerBrokenLines } from '../../src/mcp/broken-lines.js';

describe('a message that is too long', () => {
  for (const size of [7, 1000]) {
    it(`is answered with a parse error, and those after it are passed on, in pieces of ${size} bytes`, async () => {
      const answers: string[] = [];
      const lines = answerBrokenLines((answer) => answers.push(answer), 40);
      const passed: Buffer[] = [];
      lines.on('data', (chunk: Buffer) => passed.push(chunk));
      const [one, two] = ['a', 'b'].map((method) => `{"jsonrpc":"2.0","method":"${method}"}\n`);
      const input = Buffer.from(`${one}{"text":"${'word '.repeat(30)}"}\n${two}${'x'.repeat(50)}`);
      for (let at = 0; at < input.length; at += size) lines.write(input.subarray(at, at + size));
      await new Promise((resolve) => lines.end(resolve));
      assert.equal(Buffer.concat(passed).toString(), `${one}${two}`);
      assert.equal(answers.length, 2);
      for (const answer of answers) assert.match(JSON.parse(answer).error.message, /longer than 40 bytes/u);
    });
  }
});

describe('JSON that is no message', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  for (const [value, id, problem] of [
    [[call], null, /a message is an object; several at once are not taken$/],
    ['x', null, /a message is an object/],
    [null, null, /a message is an object/],
    [{}, null, /expected "jsonrpc": "2\.0"$/],
    [{ ...call, jsonrpc: undefined }, 1, /expected "jsonrpc"/],
    [{ ...call, method: undefined }, 1, /expected a "method"$/],
    [{ ...call, id: 'a', method: 5 }, 'a', /the "method" is no string$/],
    [{ ...call, params: [] }, 1, /the "params" are no object$/],
    [{ ...call, id: null }, null, /the "id" is neither a string nor a whole number$/],
    [{ ...call, id: 1.5 }, null, /the "id" is neither/],
  ] as const) {
    it(`is answered: ${JSON.stringify(value)}`, async () => {
      const answers: string[] = [];
      const lines = answerBrokenLines((answer) => answers.push(answer), 1000);
      const passed: Buffer[] = [];
      lines.on('data', (chunk: Buffer) => passed.push(chunk));
      await new Promise<void>((resolve) => lines.end(`${JSON.stringify(value)}\n${JSON.stringify(call)}\n`, resolve));
      assert.equal(answers.length, 1);
      const answer = JSON.parse(answers[0] ?? '');
      assert.equal(answer.id, id);
      assert.equal(answer.error.code, -32600);
      assert.match(answer.error.message, problem);
      assert.equal(Buffer.concat(passed).toString(), `${JSON.stringify(call)}\n`);
    });
  }

  it('is passed on where it is a message: a request, a notification, an answer', async () => {
    const messages = [
      { ...call, params: {} },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 'x', result: {} },
      { jsonrpc: '2.0', id: null, error: { code: 1, message: 'x' } },
    ];
    const lines = answerBrokenLines(() => assert.fail(), 1000);
    const passed: Buffer[] = [];
    lines.on('data', (chunk: Buffer) => passed.push(chunk));
    const text = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    await new Promise<void>((resolve) => lines.end(text, resolve));
    assert.equal(Buffer.concat(passed).toString(), text);
  });
});
