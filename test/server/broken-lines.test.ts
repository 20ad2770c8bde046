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
      const input = Buffer.from(`{"id":1}\n{"text":"${'word '.repeat(30)}"}\n{"id":2}\n${'x'.repeat(50)}`);
      for (let at = 0; at < input.length; at += size) lines.write(input.subarray(at, at + size));
      await new Promise((resolve) => lines.end(resolve));
      assert.equal(Buffer.concat(passed).toString(), '{"id":1}\n{"id":2}\n');
      assert.equal(answers.length, 2);
      for (const answer of answers) assert.match(JSON.parse(answer).error.message, /longer than 40 bytes/u);
    });
  }
});
