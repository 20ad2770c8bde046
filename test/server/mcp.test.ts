import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const server = path.resolve(import.meta.dirname, '../helpers/fake-mcp.ts');

describe('the official client of the Model Context Protocol', () => {
  const client = new Client({ name: 'test', version: '1' });
  before(() =>
    client.connect(new StdioClientTransport({ command: process.execPath, args: ['--import', 'tsx', server] })),
  );
  after(() => client.close());

  it('finds a tool for each task, with what it takes and gives', async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['mood', 'names', 'facts', 'order'],
    );
    const [mood, , facts] = tools;
    assert.match(mood?.description ?? '', /^good or bad Labels: good, bad, mixed\. Gives label, /);
    assert.deepEqual(mood?.inputSchema.required, ['text']);
    assert.deepEqual(Object.keys(facts?.inputSchema.properties ?? {}), ['question', 'context']);
    assert.equal(mood?.annotations?.readOnlyHint, true);
  });

  it('gets results as text and as objects, with offsets in code points', async () => {
    const { content, structuredContent } = await client.callTool({ name: 'names', arguments: { text: '😀 Rosa' } });
    const entities = [{ text: 'Rosa', label: 'person', start: 2, end: 6, score: 0.9 }];
    assert.deepEqual(structuredContent, { entities });
    assert.deepEqual(content, [{ type: 'text', text: JSON.stringify({ entities }) }]);
    const answer = await client.callTool({ name: 'facts', arguments: { question: 'Who?', context: 'It was Rosa.' } });
    assert.equal((answer.structuredContent as { answer: string }).answer, 'Rosa');
  });

  it('gets an abstention as a result, and many answers at once', async () => {
    const unsure = await client.callTool({ name: 'mood', arguments: { text: 'unsure' } });
    assert.equal((unsure.structuredContent as { label: null; abstained: boolean }).abstained, true);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => client.callTool({ name: 'order', arguments: { text: 'x'.repeat(i + 1) } })),
    );
    assert.deepEqual(
      all.map(({ structuredContent }) => (structuredContent as { output: { length: number } }).output.length),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  it('reads what is wrong', async () => {
    const missing = await client.callTool({ name: 'mood', arguments: {} }).catch((error: Error) => ({
      isError: true,
      content: [{ type: 'text', text: error.message }],
    }));
    assert.equal(missing.isError, true);
    assert.match(JSON.stringify(missing.content), /text/);
    await assert.rejects(client.callTool({ name: 'nope', arguments: {} }), /nope/);
  });
});

describe('lines that are no JSON', () => {
  it('are answered with a parse error, and those after them are read', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', server], { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value as string);
    child.stdin.write('{"jsonrpc":"2.0","id":1,\n\n');
    const { id, error } = await next();
    assert.equal(id, null);
    assert.equal(error.code, -32700);
    assert.match(error.message, /^Parse error: /u);
    const initialize = {
      jsonrpc: '2.0',
      id: 2,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    };
    // In two pieces, as a pipe may cut it.
    const text = `${JSON.stringify(initialize)}\n`;
    child.stdin.write(text.slice(0, 30));
    await setTimeout(20);
    child.stdin.end(text.slice(30));
    const answer = await next();
    assert.equal(answer.id, 2);
    assert.equal(answer.result.serverInfo.name, 'slm');
    await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  });
});

describe('a client that closes the input', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  };
  const begun = [initialize, { jsonrpc: '2.0', method: 'notifications/initialized' }];
  const call = (id: number | string) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'mood', arguments: { text: 'good' } },
  });

  /** What a server answers to these messages, with the input closed right after them; ids in their order. */
  async function answers(messages: readonly object[], waitMs: number, ...signal: NodeJS.Signals[]) {
    const env = { ...process.env, FAKE_MCP_WAIT_MS: String(waitMs) };
    const child = spawn(process.execPath, ['--import', 'tsx', server], { stdio: ['pipe', 'pipe', 'inherit'], env });
    child.stdin.end(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    const ids: unknown[] = [];
    let signalledAt = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      ids.push(JSON.parse(line).id);
      for (const name of signal.splice(0)) {
        child.kill(name);
        signalledAt = performance.now();
      }
    }
    if (child.exitCode === null) await once(child, 'exit');
    return { ids, code: child.exitCode, sinceSignalMs: performance.now() - signalledAt };
  }

  it('gets the answer to every call under way', async () => {
    const { ids, code } = await answers([...begun, call(2), call('three'), call(4)], 300);
    assert.deepEqual(new Set(ids), new Set([1, 2, 'three', 4]));
    assert.equal(code, 0);
  });

  it('gets them for tools that do not exist, and for wrong arguments', async () => {
    const unknown = { ...call(2), params: { name: 'nope', arguments: {} } };
    const wrong = { ...call(3), params: { name: 'mood', arguments: { text: 5 } } };
    const { ids, code } = await answers([...begun, unknown, wrong, { ...call(4), method: 'nope' }], 50);
    assert.deepEqual(new Set(ids), new Set([1, 2, 3, 4]));
    assert.equal(code, 0);
  });

  it('does not wait for calls that it has cancelled', async () => {
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } };
    const { ids, code } = await answers([...begun, call(2), cancel], 60_000);
    assert.deepEqual(ids, [1]);
    assert.equal(code, 0);
  });

  it('does not keep the server from ending at a signal', async () => {
    const { ids, sinceSignalMs } = await answers([...begun, call(2)], 60_000, 'SIGTERM');
    assert.deepEqual(ids, [1]);
    assert.ok(sinceSignalMs < 2000, `${sinceSignalMs} ms`);
  });
});
