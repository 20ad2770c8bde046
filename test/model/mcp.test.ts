import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { binary, collect, exitOf, moodTask, root, runSlm, slmEnv, startSlm } from '../helpers/slm.js';

describe('slm mcp', () => {
  it('gives the same result as slm run', async () => {
    const client = new Client({ name: 'test', version: '1' });
    const env = Object.fromEntries(
      Object.entries(slmEnv()).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [binary, 'mcp', moodTask()], env, cwd: root }),
    );
    const { structuredContent } = await client.callTool({ name: 'mood', arguments: { text: 'Kind staff.' } });
    await client.close();
    const { stdout } = await runSlm(['run', moodTask(), '-f', 'jsonl'], { input: 'Kind staff.' });
    const { label, score, scores } = JSON.parse(stdout);
    assert.deepEqual(structuredContent, { label, score, scores });
  });

  it('ends when the client closes its input, with nothing on standard output but the protocol', async () => {
    const child = startSlm(['mcp', moodTask()]);
    const stdout = collect(child.stdout);
    child.stdin.end();
    assert.equal(await exitOf(child), 0);
    assert.equal(stdout(), '');
  });

  it('ends at once at SIGTERM', async () => {
    const child = startSlm(['mcp', moodTask()]);
    child.stdin.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'old', version: '1' } } })}\n`,
    );
    // A client of an older revision is answered, too.
    const [answer] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(JSON.parse(String(answer)).result.protocolVersion, '2025-06-18');
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 0);
  });
});
