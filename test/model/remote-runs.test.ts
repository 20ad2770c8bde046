import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Report } from '../../src/evaluate/report.js';
import { served } from '../helpers/served.js';
import { exitOf, jsonl, linesOf, parsed, runSlm, startSlm, tempFolder, until, writeTask } from '../helpers/slm.js';

/** A server of ours that answers by rule, behind one that keeps what it is asked; `release` lets the answers go. */
async function watched(t: TestContext, held = false) {
  const behind = await served(t);
  const asked: string[] = [];
  let answered = 0;
  let open = () => undefined as unknown;
  const gate = held ? new Promise<void>((resolve) => (open = resolve)) : Promise.resolve();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const place = asked.push(body) - 1;
    // The first ones are answered at once.
    if (place >= 10) await gate;
    const reply = await fetch(`${behind}${request.url}`, { method: 'POST', body });
    response.writeHead(reply.status, { 'Content-Type': 'application/json' }).end(await reply.text());
    answered++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { url, asked, answered: () => answered, release: () => open() };
}

function orderTask(): string {
  const schema = {
    type: 'object',
    properties: { length: { type: 'integer' }, note: { type: 'string' } },
    required: ['length', 'note'],
  };
  return writeTask('order', {
    'task.yaml': `name: order\ntype: generate\nschema: ${JSON.stringify(schema)}\nprompt:\n  chat: "{{ text }}"\n`,
  });
}

const moodTask = () => writeTask('mood-asked', { 'task.yaml': 'name: mood\ntype: classify\nlabels: [good, bad]\n' });
const remote = (settings: unknown) => JSON.stringify({ remote: settings });

describe('a run by a service', () => {
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    it(`goes on after ${signal}: nothing that was answered is asked again, and nothing is lost`, {
      timeout: 120_000,
    }, async (t) => {
      const cwd = tempFolder(t);
      const texts = Array.from({ length: 40 }, (_, i) => `text ${'x'.repeat(i + 1)}`);
      writeFileSync(path.join(cwd, 'texts.jsonl'), jsonl(texts.map((text) => ({ text }))));
      writeFileSync(path.join(cwd, 'slm.yaml'), remote({ concurrency: 2 }));
      const service = await watched(t, true);
      const args = ['run', orderTask(), 'texts.jsonl', '-m', `openai:order@${service.url}`];
      const output = path.join(cwd, 'out.jsonl');
      const first = startSlm([...args, '-o', output, '--resume'], { cwd });
      const written = () => linesOf(readFileSync(output, 'utf8').replace(/[^\n]*$/u, '')).length;
      await until(() => service.asked.length === 12, 'two calls that are not answered');
      await until(() => written() === 10, 'the answers in the file');
      first.kill(signal);
      await exitOf(first);
      const before = service.asked.length;
      assert.equal(written(), 10);
      service.release();

      const second = await runSlm([...args, '-o', output, '--resume'], { cwd });
      assert.equal(second.code, 0, second.stderr);
      const results = parsed(readFileSync(output, 'utf8'));
      assert.deepEqual(
        results.map(({ text }) => text),
        texts,
      );
      assert.deepEqual(
        results.map((result) => result.output.length),
        texts.map(({ length }) => length),
      );
      // Those two were asked for and never answered: they alone are asked a second time.
      const times = new Map<string, number>();
      for (const body of service.asked) times.set(body, (times.get(body) ?? 0) + 1);
      const again = [...times.values()].filter((count) => count > 1);
      assert.equal(before, 12);
      assert.deepEqual([times.size, again], [40, [2, 2]]);
    });
  }

  it('ends when its budget is spent, keeps what was paid for, and goes on with more', async (t) => {
    const cwd = tempFolder(t);
    const texts = Array.from({ length: 12 }, (_, i) => `good ${i}`);
    writeFileSync(path.join(cwd, 'texts.jsonl'), jsonl(texts.map((text) => ({ text }))));
    const { url, asked } = await watched(t);
    const model = `systemone:mood@${url}`;
    const settings = (budget: number) => {
      const prices = { [model]: { input: 1_000_000, output: 0 } };
      writeFileSync(path.join(cwd, 'slm.yaml'), remote({ concurrency: 1, budget, prices }));
    };
    // 11 tokens a record, the instruction and the labels among them, at 1 each.
    settings(50);
    const args = ['run', moodTask(), 'texts.jsonl', '-m', model, '-o', path.join(cwd, 'out.jsonl'), '--resume'];
    const stopped = await runSlm(args, { cwd });
    assert.equal(stopped.code, 3, stopped.stderr);
    assert.match(stopped.stderr, /the budget of 50 is spent: 5 calls/u);
    assert.doesNotMatch(stopped.stderr, /^\s+at /mu);
    // What was under way when the budget was spent comes on top.
    const before = asked.length;
    assert.ok(before === 5 || before === 6, String(before));
    settings(1000);
    const stats = ['--stats', path.join(cwd, 'stats.json')];
    const rest = await runSlm([...args, ...stats], { cwd });
    assert.equal(rest.code, 0, rest.stderr);
    assert.equal(asked.length, 12);
    assert.equal(JSON.parse(readFileSync(path.join(cwd, 'stats.json'), 'utf8')).run.tokens.money, 11 * (12 - before));
    assert.equal(parsed(readFileSync(path.join(cwd, 'out.jsonl'), 'utf8')).length, 12);
  });
});

it('slm eval says what a thousand records cost, beside one whose price nobody knows', async (t) => {
  const cwd = tempFolder(t);
  const { url } = await watched(t);
  const [paid, other] = [`systemone:mood@${url}`, `decisions:mood@${url}`];
  writeFileSync(path.join(cwd, 'slm.yaml'), remote({ prices: { [paid]: { input: 2000, output: 0 } } }));
  const rows = ['good one', 'awful one', 'good two'].map((text) => ({ text, label: text.split(' ')[0] }));
  writeFileSync(path.join(cwd, 'data.jsonl'), jsonl(rows));
  const args = ['eval', moodTask(), '-d', 'data.jsonl', '--label-map', 'awful=bad', '-m', `${paid},${other}`];
  const text = await runSlm(args, { cwd });
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /s\/1000 +money\/1000/u);
  // 11 tokens a record at 2000 for a million.
  assert.match(text.stdout, /, 22\.0000 for 1,000 records/u);
  assert.match(text.stdout, /price not known \(remote\.prices\)/u);
  const json = await runSlm([...args, '--json'], { cwd });
  const costs = (JSON.parse(json.stdout).reports as Report[]).map(({ speed }) => speed.cost.moneyPerThousand);
  assert.deepEqual(costs, [22, null]);
});
