import { serveMcp } from '../../src/mcp/index.js';
import { fakePool } from './fake-pool.js';

/** `slm mcp` over standard input and output, with tasks that answer by rule. */
await serveMcp({
  pool: fakePool(),
  version: '1.2.3',
  input: process.stdin,
  output: process.stdout,
  closing: new AbortController().signal,
  messageBytes: 1 << 20,
  log: (line) => process.stderr.write(`${line}\n`),
});
