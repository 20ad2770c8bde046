import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, type Random } from '../../src/random.js';
import type { ServerProcess } from './server-process.js';

const workers = 8;
const minuteMs = 60_000;
/** Memory may grow by this between the first minute and the end: buffers of sockets, and what V8 keeps back. */
const allowedGrowth = 1.1;

/** A request, and the status that it must be answered with. */
interface Asked {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly status: number;
  /** What must stand in the answer. */
  readonly has?: RegExp;
}

const good = 'A warm, funny film.';
const lines = (count: number) => `${JSON.stringify({ text: good })}\n`.repeat(count);
const choice = { type: 'choice', instructions: '', choices: [{ value: 'positive' }, { value: 'negative' }] };
const asked: readonly Asked[] = [
  { name: 'a record', path: '/run/sentiment', body: lines(1), status: 200, has: /"label":"positive"/u },
  { name: 'twenty records', path: '/run/sentiment', body: lines(20), status: 200, has: /^(?:.*"label".*\n){20}$/u },
  {
    name: 'a record that cannot be done, among others',
    path: '/run/sentiment',
    body: `${lines(1)}{"note":1}\n{\n${lines(1)}`,
    status: 200,
    has: /^(?:.*"label".*\n)(?:.*"error".*\n){2}(?:.*"label".*\n)$/u,
  },
  { name: 'entities', path: '/models/ner', body: JSON.stringify({ inputs: 'Rosa flew to Aberdeen.' }), status: 200 },
  {
    name: 'a decision',
    path: '/v1/decisions',
    body: JSON.stringify({ model: 'sentiment', input: good, questions: [choice] }),
    status: 200,
    has: /"choice":"positive"/u,
  },
  {
    name: 'a typed question',
    path: '/v1/systemone',
    body: JSON.stringify({ model: 'sentiment', state: good, questions: { q: { type: 'choice' } } }),
    status: 200,
  },
  { name: 'no JSON', path: '/v1/systemone', body: '{', status: 422 },
  { name: 'a wrong field', path: '/v1/decisions', body: '{"model":"sentiment","input":7}', status: 400 },
  { name: 'no such task', path: '/models/nope', body: '{"inputs":"x"}', status: 404 },
  { name: 'no such path', path: '/nope', body: '', status: 404 },
  { name: 'too large', path: '/models/sentiment', body: JSON.stringify({ inputs: 'x'.repeat(70_000) }), status: 413 },
  { name: 'metrics', path: '/metrics', method: 'GET', status: 200 },
];

/** Asks for so long, prints what was answered and the memory by the minute. @returns whether all is as it must be */
export async function soak(server: ServerProcess, durationMs: number): Promise<boolean> {
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const start = performance.now();
  const over = () => performance.now() - start > durationMs || !server.isRunning() || wrong.length > 100;
  const memory: { minute: number; bytes: number; handles: number }[] = [];
  const note = () => {
    const minute = (performance.now() - start) / minuteMs;
    memory.push({ minute, bytes: server.memoryBytes(), handles: server.handles() });
    const { bytes, handles } = memory.at(-1) as (typeof memory)[number];
    console.log(`${minute.toFixed(1)} min: ${(bytes / 2 ** 20).toFixed(1)} MiB, ${handles} files and sockets`);
  };
  note();
  const timer = setInterval(note, minuteMs);
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const random = createRandom(worker + 1);
      while (!over()) {
        const dice = random.next();
        if (dice < 0.1) {
          await hangUp(server.url, random);
          count('(hung up while it was answered)');
        } else if (dice < 0.2) {
          await breakOff(server.url);
          count('(hung up in the middle of the request)');
        } else {
          const one = asked[Math.floor(random.next() * asked.length)] as Asked;
          const problem = await ask(server.url, one);
          if (problem === null) count(one.name);
          else wrong.push(`${one.name}: ${problem}`);
        }
      }
    }),
  );
  clearInterval(timer);
  // What was given up by clients ends soon.
  await sleep(2000);
  note();
  const running = server.isRunning();
  const underWay = running
    ? /^slm_requests_under_way (\d+)$/mu.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]
    : undefined;
  const ended = await server.end();
  for (const [name, n] of [...counts].sort()) console.log(`${String(n).padStart(7)}  ${name}`);
  for (const problem of wrong.slice(0, 20)) console.log(`WRONG  ${problem}`);
  const defects = server.said().match(/defect/gu)?.length ?? 0;
  const growth = (memory.at(-1)?.bytes ?? 0) / ((memory[1] ?? memory[0])?.bytes ?? 1);
  console.log(
    `${wrong.length} wrong or missing answers, ${underWay ?? '?'} requests under way at the end, ${defects} defects in its log, ended with ${ended}; memory at the end is ${growth.toFixed(3)} of that after the first minute`,
  );
  return running && wrong.length === 0 && underWay === '0' && defects === 0 && !(growth > allowedGrowth);
}

/** @returns what is wrong with the answer, or null */
async function ask(url: string, { path, method = 'POST', body, status, has }: Asked): Promise<string | null> {
  try {
    const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (response.status !== status) return `${response.status} for ${status}: ${text.slice(0, 200)}`;
    return has === undefined || has.test(text) ? null : `answered with ${text.slice(0, 200)}`;
  } catch (error) {
    return `no answer: ${String(error)} ${String((error as Error).cause ?? '')}`;
  }
}

/** Asks for many records and goes away at some moment. */
async function hangUp(url: string, random: Random): Promise<void> {
  const signal = AbortSignal.timeout(1 + Math.floor(200 * random.next()));
  await fetch(`${url}/run/sentiment`, { method: 'POST', body: lines(100), signal }).then(
    (response) => response.text().catch(() => undefined),
    () => undefined,
  );
}

/** Promises a long body, sends a part of it and goes away. */
async function breakOff(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write('POST /run/sentiment HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{"text":"A wa');
  await sleep(20);
  socket.destroy();
}
