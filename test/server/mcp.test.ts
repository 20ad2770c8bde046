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
