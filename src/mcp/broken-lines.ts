import { Transform, type TransformCallback } from 'node:stream';
import { messageOf } from '../errors.js';

/**
 * Passes messages on, a line each. A line that is not JSON is answered as JSON-RPC 2.0 (section 5.1) says, by the error
 * -32700 without an id, and JSON that is no message by -32600, with the id that it has; the SDK would leave both out, and
 * a client would wait for its answer. So is a line that is too long, which the SDK would break off in the middle. Blank
 * lines are no messages.
 */
export function answerBrokenLines(answer: (message: string) => void, mostBytes: number): Transform {
  let kept = Buffer.alloc(0);
  // The rest of a line that is too long.
  let skipping = false;
  const tooLong = errorMessage(parseError, `the message is longer than ${mostBytes} bytes`);
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
        const text = line.toString('utf8');
        if (text.trim() === '') continue;
        const problem = answerTo(text);
        if (problem === null) this.push(line);
        else answer(problem);
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

/** The answer to a line that is no message; null for a message. */
function answerTo(line: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return errorMessage(parseError, messageOf(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return errorMessage(invalidRequest, 'a message is an object; several at once are not taken');
  const { id } = value as Message;
  const problem = problemOf(value);
  return problem === null ? null : errorMessage(invalidRequest, problem, isId(id) ? id : null);
}

type Message = Readonly<Record<'jsonrpc' | 'id' | 'method' | 'params' | 'result' | 'error', unknown>>;

/** Why an object is no message of JSON-RPC 2.0 as this protocol has it; null for one. */
function problemOf(value: object): string | null {
  const { jsonrpc, id, method, params } = value as Message;
  if (jsonrpc !== '2.0') return 'expected "jsonrpc": "2.0"';
  if (method === undefined) return 'result' in value || 'error' in value ? null : 'expected a "method"';
  if (typeof method !== 'string') return 'the "method" is no string';
  if ('id' in value && !isId(id)) return 'the "id" is neither a string nor a whole number';
  const isObject = typeof params === 'object' && params !== null && !Array.isArray(params);
  return params === undefined || isObject ? null : 'the "params" are no object';
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' || Number.isInteger(id);
}

const parseError = { code: -32700, title: 'Parse error' };
const invalidRequest = { code: -32600, title: 'Invalid Request' };

function errorMessage({ code, title }: typeof parseError, problem: string, id: string | number | null = null): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: `${title}: ${problem}` } })}\n`;
}
