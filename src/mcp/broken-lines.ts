import { Transform, type TransformCallback } from 'node:stream';
import { messageOf } from '../errors.js';

/**
 * Passes messages on, a line each. A line that is not JSON is answered as JSON-RPC 2.0 (section 5.1) says, by the error
 * -32700 without an id; the SDK would leave it out, and a client would wait for its answer. So is one that is too long,
 * which the SDK would break off in the middle. Blank lines are no messages.
 */
export function answerBrokenLines(answer: (message: string) => void, mostBytes: number): Transform {
  let kept = Buffer.alloc(0);
  // The rest of a line that is too long.
  let skipping = false;
  const tooLong = parseError(`the message is longer than ${mostBytes} bytes`);
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const bytes = Buffer.concat([kept, chunk]);
      let from = 0;
      for (let end = bytes.indexOf(0x0a, from); end !== -1; end = bytes.indexOf(0x0a, from)) {
        const line = bytes.subarray(from, end + 1);
        from = end + 1;
        if (skipping) {
          skipping = false;
          continue;
        }
        if (line.length > mostBytes) {
          answer(tooLong);
          continue;
        }
        const problem = problemOf(line.toString('utf8'));
        if (problem === null) this.push(line);
        else if (problem !== '') answer(parseError(problem));
      }
      kept = skipping ? Buffer.alloc(0) : bytes.subarray(from);
      if (kept.length > mostBytes) {
        answer(tooLong);
        skipping = true;
        kept = Buffer.alloc(0);
      }
      done();
    },
  });
}

/** Why a line is no message: empty for a blank line, null for one that is JSON. */
function problemOf(line: string): string | null {
  if (line.trim() === '') return '';
  try {
    JSON.parse(line);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function parseError(problem: string): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32700, message: `Parse error: ${problem}` } })}\n`;
}
