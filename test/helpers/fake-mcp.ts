import { setTimeout } from 'node:timers/promises';
import { serveMcp } from '../../src/mcp/index.js';
import { fakePool } from './fake-pool.js';

const closing = new AbortController();
process.once('SIGTERM', () => closing.abort());

/** `slm mcp` over standard input and output, with tasks that answer by rule. */
await serveMcp({
  pool: fakePool(() => setTimeout(Number(process.env.FAKE_MCP_WAIT_MS ?? 0))),
  version: '1.2.3',
  input: process.stdin,
  output: process.stdout,
  closing: closing.signal,
  messageBytes: 1 << 20,
  log: (line) => process.stderr.write(`${line}\n`),
});
process.exit();
