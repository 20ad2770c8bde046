import { readFileSync } from 'node:fs';
import path from 'node:path';
import autocannon from 'autocannon';
import { root, runSlm } from './program.js';
import { startServer } from './server-process.js';

const clients = [1, 8, 64];
/** At most so many texts, in turn. */
const mostTexts = 100;

interface LoadOptions {
  readonly model: string;
  /** For each number of clients. All of them are answered, however long that takes. */
  readonly requests: number;
  /** Another server on the same model. */
  readonly beside: string | null;
}

interface Target {
  readonly name: string;
  readonly url: string;
  body(text: string): object;
}

/** Prints a row for each server and number of clients. */
export async function loadTable({ model, requests, beside }: LoadOptions): Promise<void> {
  const texts = readFileSync(path.join(root, 'tasks', 'sentiment', 'test.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => String((JSON.parse(line) as { text: unknown }).text))
    .slice(0, mostTexts);
  console.log(`sentiment, ${model}, ${texts.length} texts in turn, ${requests} requests for each row\n`);
  console.log('| server | clients | requests/s | p50 ms | p99 ms | answered | other |');
  console.log('| ------ | ------: | ---------: | -----: | -----: | -------: | ----: |');
  await ours('slm serve', ['sentiment', '-m', model, '--preload'], texts, requests);
  if (beside === null) return;
  // The same prompt for both: the task as it is written.
  const template = await promptTemplate(model);
  await ours('slm serve --untuned', ['sentiment', '-m', model, '--untuned', '--preload'], texts, requests);
  await rows(
    {
      name: 'beside, one token after the same prompt',
      url: `${beside.replace(/\/+$/u, '')}/v1/completions`,
      body: (text) => ({ model, prompt: template(text), max_tokens: 1, temperature: 0 }),
    },
    texts,
    requests,
  );
}

async function ours(name: string, args: readonly string[], texts: readonly string[], amount: number): Promise<void> {
  const server = await startServer(args);
  try {
    await rows({ name, url: `${server.url}/models/sentiment`, body: (text) => ({ inputs: text }) }, texts, amount);
  } finally {
    await server.end();
  }
}

async function rows({ name, url, body }: Target, texts: readonly string[], amount: number): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  const requests = texts.map((text) => ({ method: 'POST' as const, headers, body: JSON.stringify(body(text)) }));
  // The prefix of the prompt is evaluated once, and that is no request's time.
  await fetch(url, requests[0] as { method: string; headers: typeof headers; body: string });
  for (const connections of clients) {
    const found = await autocannon({ url, connections, amount, requests, timeout: 300 });
    const other = found.non2xx + found.errors + found.timeouts;
    const row = [
      name,
      connections,
      (found['2xx'] / found.duration).toFixed(1),
      found.latency.p50,
      found.latency.p99,
      found['2xx'],
      other,
    ];
    console.log(`| ${row.join(' | ')} |`);
  }
}

/** The prompt of the task as it is written, of a text. */
async function promptTemplate(model: string): Promise<(text: string) => string> {
  const place = 'A place for the text.';
  const args = ['run', 'sentiment', '-m', model, '--untuned', '--explain', '--json', '--no-warm', '-t', place];
  const { stdout } = await runSlm(args, { cwd: root });
  const { explanation } = JSON.parse(stdout) as { explanation: readonly { title: string; body: string }[] };
  const shown = explanation.find(({ title }) => title === 'prompt')?.body ?? '';
  const prompt = shown.replace(/⟦[^⟧]*⟧/gu, '');
  if (prompt.split(place).length !== 2) throw new Error('the prompt does not have the text once');
  return (text) => prompt.replace(place, () => text);
}
