import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { SlmError } from '../../src/errors.js';
import { createApp } from '../../src/server/app.js';
import { type ServerContext, usualLimits } from '../../src/server/types.js';
import { fakePool, mood } from '../helpers/fake-pool.js';
import { served, serverContext } from '../helpers/served.js';

function appWith(changes: Partial<ServerContext> = {}) {
  const lines: string[] = [];
  const app = createApp(
    serverContext(fakePool(), { requestId: () => 'id-1', log: (line) => lines.push(line), ...changes }),
  );
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.request(path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { app, post, lines };
}

const asking = (questions: object, more: object = {}) => ({ model: 'jev-latest', state: 'good', questions, ...more });

describe('POST /v1/systemone', () => {
  it('answers choice, noul and score by probabilities, with their confidence', async () => {
    const { post } = appWith();
    const response = await post(
      '/v1/systemone',
      asking({
        team: { type: 'choice', criteria: { a: 'x', abc: null } },
        yes: { type: 'noul', criteria: null },
        level: { type: 'score', criteria: ['low', 'high'] },
      }),
    );
    assert.equal(response.status, 200);
    const { answers, usage } = (await response.json()) as Record<string, Record<string, object>>;
    assert.deepEqual(answers?.team, {
      type: 'choice',
      choice: 'abc',
      probabilities: { a: 0.25, abc: 0.75 },
      confidence: 0.5,
    });
    assert.deepEqual(answers?.yes, { type: 'noul', noul: 3 / 5 });
    assert.deepEqual(answers?.level, {
      type: 'score',
      score: 0.5,
      legend: { 0: 'low', 1: 'high' },
      probabilities: { 0: 0.5, 1: 0.5 },
      confidence: 0,
    });
    assert.equal((usage as { output_tokens?: number }).output_tokens, 0);
  });

  it('lets a task answer with its own labels, or with some of them', async () => {
    const pool = fakePool();
    const { post } = appWith({ pool });
    const ask = async (question: object) => {
      const response = await post('/v1/systemone', asking({ q: question }, { model: 'mood' }));
      return ((await response.json()) as { answers: { q: { probabilities: object } } }).answers.q;
    };
    assert.deepEqual((await ask({ type: 'choice' })).probabilities, { good: 0.6, bad: 0.7 - 0.6, mixed: 0.3 });
    const two = (await ask({ type: 'choice', criteria: { bad: null, good: null } })).probabilities as Record<
      string,
      number
    >;
    assert.ok(Math.abs((two.good ?? 0) - 6 / 7) < 1e-9);
    assert.deepEqual(pool.asked, []);
  });

  for (const [what, body, status] of [
    ['no JSON', '{"model":', 422],
    ['no questions', asking({}), 422],
    ['one option', asking({ q: { type: 'choice', criteria: { a: null } } }), 422],
    ['an unknown type', asking({ q: { type: 'boolean' } }), 422],
    ['levels by name', asking({ q: { type: 'score', criteria: { 0: 'a', 1: 'b' } } }), 422],
  ] as const) {
    it(`refuses ${what} with a list of what is wrong`, async () => {
      const response = await appWith().post('/v1/systemone', body);
      assert.equal(response.status, status);
      const { detail } = (await response.json()) as { detail: { loc: unknown[]; msg: string; type: string }[] };
      assert.equal(detail[0]?.loc[0], 'body');
    });
  }

  it('reads numbers as they are written, and repeats them so', async () => {
    const states: string[] = [];
    const pool = fakePool();
    const watched = {
      ...pool,
      ask: (...args: Parameters<typeof pool.ask>) => {
        states.push(args[1], ...args[0].options.map(({ word }) => word));
        return pool.ask(...args);
      },
    };
    const response = await appWith({ pool: watched }).post(
      '/v1/systemone',
      '{"model":"default","state":{"price":1.0,"id":12345678901234567890},"questions":{"q":{"type":"score","criteria":[{"upTo":19.90},"more"]}}}',
    );
    assert.deepEqual(states, ['{"price":1.0,"id":12345678901234567890}', '{"upTo":19.90}', 'more']);
    assert.match(await response.text(), /"legend":\{"0":\{"upTo":19\.90\},"1":"more"\}/);
  });

  it('asks about levels also where a task has labels that are called 0 and 1', async () => {
    const stars = { ...mood, name: 'stars', labels: ['0', '1'].map((name) => ({ name, description: '' })) };
    const pool = fakePool(undefined, [stars]);
    const question = { q: { type: 'score', criteria: ['cold', 'hot'] } };
    assert.equal((await appWith({ pool }).post('/v1/systemone', asking(question, { model: 'stars' }))).status, 200);
    assert.deepEqual(pool.asked, ['0,1']);
  });

  it('names what is wrong inside a value of several forms, and loses no question', async () => {
    const { post } = appWith();
    const problems = async (path: string, body: unknown) => (await post(path, body)).text();
    assert.match(await problems('/v1/systemone', asking({}, { state: null })), /expected string or object or array/);
    const question = { type: 'predicate', instructions: 'x' };
    const input = [{ role: 'user', content: [{ type: 1 }] }];
    assert.match(
      await problems('/v1/decisions', { model: 'default', input, questions: [question] }),
      /"message":"input\.0\.content\.0\.type: Invalid input: expected string, received number"/,
    );
    assert.match(await problems('/v1/decisions', '{"model":'), /"message":"the body is not JSON: .*"param":null/);
    assert.match(await problems('/v1/decisions', []), /"message":"the body: .*"param":null/);
    const lost = '{"model":"default","state":"x","questions":{"a":{"type":"noul"},"__proto__":{"type":"noul"}}}';
    assert.match(await problems('/v1/systemone', lost), /"loc":\["body","questions","__proto__"\]/);
  });

  it('finds all options equally likely where a state has no content', async () => {
    const pool = { ...fakePool(), ask: async () => new Map([['yes', 0]]) };
    const { post } = appWith({ pool });
    const questions = { a: { type: 'noul' }, b: { type: 'score', criteria: ['low', 'middle', 'high'] } };
    const response = await post('/v1/systemone', asking(questions, { state: ' ' }));
    const { answers } = (await response.json()) as { answers: Record<string, Record<string, unknown>> };
    assert.equal(answers.a?.noul, 0.5);
    assert.equal(answers.b?.score, 1);
    assert.equal(answers.b?.confidence, 0);
    const choices = ['a', 'b', 'c', 'd'].map((value) => ({ value }));
    const asked = [
      { type: 'predicate', instructions: 'x' },
      { type: 'choice', instructions: 'x', choices },
    ];
    const decided = await post('/v1/decisions', { model: 'default', input: '', questions: asked });
    const [yes, choice] = ((await decided.json()) as { answers: Record<string, unknown>[] }).answers;
    assert.equal(yes?.probability, 0.5);
    assert.deepEqual(
      choice?.probabilities,
      choices.map(({ value }) => ({ value, probability: 0.25 })),
    );
    assert.equal(choice?.confidence, 0);
  });

  it('names the models that there are', async () => {
    const response = await appWith().post('/v1/systemone', asking({ q: { type: 'noul' } }, { model: 'nope' }));
    assert.equal(response.status, 404);
    assert.match(
      await response.text(),
      /no model \\"nope\\" here; there are jev-latest, default, mood, names, facts, order/,
    );
  });
});

describe('POST /v1/decisions', () => {
  it('answers in the order of the questions, and says an abstention as a refusal', async () => {
    const { post } = appWith();
    const response = await post('/v1/decisions', {
      model: 'mood',
      input: [{ role: 'user', content: [{ type: 'text', text: 'unsure' }] }],
      questions: [
        { type: 'choice', name: 'mood', instructions: 'How is it?' },
        { type: 'choice', instructions: 'x', choices: [{ value: true }, { value: false }] },
        { type: 'predicate', instructions: 'Is it?' },
      ],
    });
    const { answers } = (await response.json()) as { answers: Record<string, unknown>[] };
    assert.deepEqual(answers[0], { type: 'refusal', name: 'mood' });
    assert.deepEqual(answers[1]?.probabilities, [
      { value: true, probability: 4 / 9 },
      { value: false, probability: 5 / 9 },
    ]);
    assert.deepEqual(answers[2], { type: 'predicate', name: null, probability: 3 / 5 });
  });

  it('refuses images', async () => {
    const { post } = appWith();
    const input = [{ role: 'user', content: [{ type: 'input_image' }] }];
    const response = await post('/v1/decisions', {
      model: 'mood',
      input,
      questions: [{ type: 'predicate', instructions: '' }],
    });
    assert.equal(response.status, 400);
  });
});

describe('POST /models/TASK', () => {
  it('has the shapes of Hugging Face, with offsets in code points', async () => {
    const { post } = appWith();
    const labels = (await (await post('/models/mood', { inputs: 'good', parameters: { top_k: 1 } })).json()) as unknown;
    assert.deepEqual(labels, [[{ label: 'good', score: 0.6 }]]);
    const entities = (await (await post('/models/names', { inputs: '😀 Rosa' })).json()) as unknown;
    assert.deepEqual(entities, [{ entity_group: 'person', score: 0.9, word: 'Rosa', start: 2, end: 6 }]);
  });
});

describe('POST /models/TASK with the input of another task', () => {
  it('says what the task reads', async () => {
    const response = await appWith().post('/models/mood', { inputs: { question: 'x', context: 'y' } });
    assert.equal(response.status, 422);
    assert.match(await response.text(), /it has \\"question\\", \\"context\\"\. Give the input as \\"text\\"/u);
  });
});

describe('POST /run/TASK', () => {
  it('gives a line for each line, also for one that cannot be read', async () => {
    const response = await appWith().post('/run/mood', '{"text":"good","id":1234567890123456789}\nnope\n');
    const lines = (await response.text()).trim().split('\n');
    assert.equal(lines[0]?.includes('"id":1234567890123456789,"label":"good"'), true, lines[0]);
    assert.match(lines[1] ?? '', /line 2 is not valid JSON/);
  });

  it('says how the limit of a line is raised', async () => {
    const { post } = appWith({ limits: { ...usualLimits, bodyBytes: 40 } });
    const lines = (await (await post('/run/mood', `{"text":"${'long '.repeat(9)}"}\n{"text":"good"}\n`)).text()).split(
      '\n',
    );
    assert.match(lines[0] ?? '', /line 1 is longer than 40 bytes; split it or raise --max-body of the server/);
    assert.equal(JSON.parse(lines[1] ?? '').label, 'good');
  });

  it('takes the input from the field that ?field= names', async () => {
    const { post } = appWith();
    const body = '{"review":"good"}\n{"text":"good"}\n';
    const lines = (await (await post('/run/mood?field=review', body)).text()).trim().split('\n');
    assert.equal(JSON.parse(lines[0] ?? '').label, 'good');
    assert.match(lines[1] ?? '', /no field \\"review\\"/u);
    const without = await (await post('/run/mood', body)).text();
    assert.match(without, /Name the field of the input with \?field=/u);
  });

  it('refuses parameters that it does not know, or values', async () => {
    const { post } = appWith();
    const unknown = await post('/run/mood?pass_trough=false', '{"text":"good"}\n');
    assert.equal(unknown.status, 400);
    assert.match(await unknown.text(), /unknown parameter \\"pass_trough\\".*Did you mean \\"pass_through\\"/u);
    for (const name of ['constructor', 'toString', '__proto__']) {
      const inherited = await post(`/run/mood?${name}=1`, 'good');
      assert.equal(inherited.status, 400);
      assert.match(await inherited.text(), /unknown parameter/u);
    }
    const value = await post('/run/mood?pass_through=no', '{"text":"good"}\n');
    assert.equal(value.status, 400);
    assert.match(await value.text(), /pass_through: /u);
  });
});

describe('POST /run/TASK that is ended early', () => {
  const pool = fakePool();
  const short = {
    ...pool,
    async *predict(...args: Parameters<typeof pool.predict>) {
      for await (const prediction of pool.predict(...args)) {
        yield prediction;
        return;
      }
    },
  };

  it('closes the connection without the end of the body, and prints nothing', async (t) => {
    const printed = t.mock.method(console, 'error', () => undefined);
    const url = await served(t, {}, short);
    const body = '{"text":"good"}\n{"text":"bad"}\n';
    const response = await fetch(`${url}/run/mood`, { method: 'POST', body });
    let got = '';
    const read = async () => {
      for await (const piece of response.body ?? []) got += Buffer.from(piece).toString();
    };
    await assert.rejects(read());
    assert.equal(got.split('\n').length, 2, got);
    assert.equal(printed.mock.callCount(), 0);
  });

  it('breaks off, so that no client takes a part for the whole', async () => {
    const response = await appWith({ pool: short }).post('/run/mood', '{"text":"good"}\n{"text":"bad"}\n');
    await assert.rejects(response.text(), /ended early/);
  });
});

describe('the server', () => {
  it('says which method a path takes', async () => {
    const { app } = appWith();
    const response = await app.request('/run/mood');
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'POST');
    assert.match(await response.text(), /takes POST, no GET/u);
    assert.equal((await app.request('/run/mood/x')).status, 404);
    assert.equal((await app.request('/healthz', { method: 'POST' })).status, 405);
  });

  it('asks for a key where there are some, and compares all of it', async () => {
    const { app, post } = appWith({ keys: ['secret', 'other'] });
    const body = asking({ q: { type: 'noul' } });
    for (const authorization of [undefined, 'Bearer wrong', 'Bearer secre', 'Basic secret']) {
      const response = await post('/v1/systemone', body, authorization === undefined ? {} : { authorization });
      assert.equal(response.status, 401);
      assert.match(await response.text(), /authentication_error/);
    }
    assert.equal((await post('/v1/systemone', body, { authorization: 'Bearer other' })).status, 200);
    assert.equal((await app.request('/healthz')).status, 200);
    assert.equal((await app.request('/metrics')).status, 401);
  });

  it('answers without a key under addresses and names of its own network only, and with one under any', async () => {
    const statusUnder = async (host: string, changes: Partial<ServerContext> = {}) => {
      const { post } = appWith({ hostNames: ['Models.Example.org'], ...changes });
      return (await post('/models/mood', { inputs: 'good' }, { host, authorization: 'Bearer secret' })).status;
    };
    const own = [
      '127.0.0.1:8080',
      '[::1]:8080',
      '192.168.1.7',
      'localhost:8080',
      'slm',
      'slm.localhost',
      'a.b.local:80',
    ];
    for (const host of [...own, 'models.example.org:8080']) assert.equal(await statusUnder(host), 200, host);
    const strange = ['rebound.example.com:8080', 'example.org', '127.0.0.1.example.com', 'localhost.example.com.'];
    for (const host of strange) {
      assert.equal(await statusUnder(host), 403, host);
      assert.equal(await statusUnder(host, { keys: ['secret'] }), 200, host);
      assert.equal(await statusUnder(host, { hostNames: null }), 200, host);
    }
    const { app, post } = appWith();
    const refused = await post('/run/mood', { text: 'good' }, { host: 'rebound.example.com' });
    assert.match(await refused.text(), /not known as .*rebound\.example\.com.*--allow-host/u);
    assert.equal((await app.request('/healthz', { headers: { host: 'rebound.example.com' } })).status, 200);
  });

  it('tells further requests to come again when as many as allowed are under way', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { post } = appWith({ pool: fakePool(() => held), limits: { ...usualLimits, requests: 1 } });
    const first = post('/models/mood', { inputs: 'good' });
    const second = await post('/models/mood', { inputs: 'good' });
    assert.equal(second.status, 429);
    assert.equal(second.headers.get('retry-after'), '1');
    release();
    assert.equal((await first).status, 200);
    assert.equal((await post('/models/mood', { inputs: 'good' })).status, 200);
  });

  it('counts a stream for as long as its client reads', async () => {
    const { post } = appWith({ limits: { ...usualLimits, requests: 1 } });
    const first = await post('/run/mood', '{"text":"good"}\n'.repeat(50));
    assert.equal((await post('/run/mood', '{"text":"good"}')).status, 429);
    assert.equal((await first.text()).split('\n').length, 51);
    const left = await post('/run/mood', '{"text":"good"}\n'.repeat(50));
    assert.equal(left.status, 200);
    await left.body?.cancel();
    assert.equal((await post('/run/mood', '{"text":"good"}')).status, 200);
  });

  it('ends a request that takes too long', async () => {
    const { post } = appWith({
      pool: fakePool(() => setTimeout(200)),
      limits: { ...usualLimits, requestMs: 20 },
    });
    assert.equal((await post('/models/mood', { inputs: 'good' })).status, 504);
  });

  it('refuses a body that is too long, and takes nothing new while it ends', async () => {
    const { post } = appWith({ limits: { ...usualLimits, bodyBytes: 100 } });
    assert.equal((await post('/models/mood', { inputs: 'x'.repeat(200) })).status, 413);
    const closing = new AbortController();
    closing.abort();
    const response = await appWith({ closing: closing.signal }).post('/models/mood', { inputs: 'x' });
    assert.equal(response.status, 503);
    assert.notEqual(response.headers.get('retry-after'), null);
  });

  it('writes no text of users into its log, and no id that could act there', async () => {
    const { post, lines } = appWith();
    await (await post('/run/mood', '{"text":"my secret"}', { 'x-request-id': 'a b\u001b[31m' })).text();
    await post('/models/my-secret-name', { inputs: 'my secret' }, { 'x-request-id': 'abc-1' });
    assert.equal(lines.length, 2);
    assert.ok(
      lines.every((line) => !line.includes('secret')),
      lines.join('\n'),
    );
    assert.match(lines[0] ?? '', /^id-1 POST \/run\/:task 200/);
    assert.match(lines[1] ?? '', /^abc-1 POST \/models\/:task 404/);
  });

  it('says of a stream how long it took to its end', async () => {
    let now = 0;
    const waits = async () => {
      now += 1000;
    };
    const { app, post, lines } = appWith({ pool: fakePool(waits), now: () => now });
    const response = await post('/run/mood', '{"text":"good"}\n'.repeat(30));
    await response.text();
    assert.deepEqual(lines, ['id-1 POST /run/:task 200 30000 ms']);
    const chat = { model: 'mood', stream: true, messages: [{ role: 'user', content: 'good' }] };
    await (await post('/v1/chat/completions', chat)).text();
    assert.match(lines[1] ?? '', /200 1000 ms$/);
    const metrics = await (await app.request('/metrics')).text();
    assert.match(metrics, /slm_request_seconds_sum\{route="\/run\/:task"\} 30\n/);
    assert.match(metrics, /slm_requests_total\{route="\/v1\/chat\/completions",status="200"\} 1\n/);
  });

  it('calls nothing a defect where a client goes, whatever is under way', async (t) => {
    const lines: string[] = [];
    const stops = (signal: AbortSignal, error: Error) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(error), { once: true }));
    const pool = {
      ...fakePool(() => setTimeout(300)),
      ask: (_question: unknown, _state: unknown, signal: AbortSignal) =>
        stops(signal, new SlmError('interrupted', 'interrupted')),
      generate: (_wanted: unknown, signal: AbortSignal) => stops(signal, new DOMException('ended', 'AbortError')),
    };
    const url = await served(t, { log: (line) => lines.push(line) }, pool);
    const chat = { model: 'default', messages: [{ role: 'user', content: 'x' }] };
    const requests: [path: string, body: unknown, missing: number][] = [
      ['/v1/systemone', asking({ q: { type: 'noul' } }), 0],
      ['/v1/chat/completions', chat, 0],
      ['/v1/chat/completions', { ...chat, stream: true }, 0],
      ['/models/mood', { inputs: ['good', 'good', 'good'] }, 0],
      ['/models/mood', { inputs: 'good' }, 100],
      ['/run/mood', { text: 'good' }, 0],
      ['/run/mood', { text: 'good' }, 100],
    ];
    for (const [path, body, missing] of requests) {
      const text = JSON.stringify(body);
      const length = Buffer.byteLength(text) + missing;
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${text}`);
      await setTimeout(100);
      socket.destroy();
    }
    while (lines.length < requests.length) await setTimeout(20);
    assert.deepEqual(
      lines.filter((line) => !line.includes(' POST ')),
      [],
    );
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /slm_requests_under_way 0\n/);
    assert.doesNotMatch(metrics, /status="500"/);
  });

  it('refuses a body that is not UTF-8, in which other characters would be read', async () => {
    const { app } = appWith();
    for (const [path, status] of [
      ['/models/mood', 422],
      ['/v1/systemone', 422],
      ['/v1/decisions', 400],
      ['/v1/chat/completions', 400],
    ] as const) {
      const body = Buffer.from('{"inputs":"grüße"}', 'latin1');
      const response = await app.request(path, { method: 'POST', body });
      assert.equal(response.status, status);
      assert.match(await response.text(), /not UTF-8/);
    }
    const lines = Buffer.from('{"text":"good"}\n{"text":"grüße"}\n', 'latin1');
    const run = await app.request('/run/mood', { method: 'POST', body: lines });
    assert.equal(run.status, 400);
    assert.match(await run.text(), /the body, line 2: not valid text here/u);
    const marked = await app.request('/models/mood', { method: 'POST', body: '\uFEFF{"inputs":"good"}' });
    assert.equal(marked.status, 200);
  });

  it('counts for Prometheus, and describes itself in OpenAPI', async () => {
    const { app, post } = appWith();
    await (await post('/models/mood', { inputs: ['good', 'unsure'] })).text();
    const metrics = await (await app.request('/metrics')).text();
    assert.match(metrics, /slm_records_total\{task="mood",outcome="abstained"\} 1/);
    assert.match(metrics, /slm_labels_total\{task="mood",label="good"\} 1/);
    assert.match(metrics, /slm_requests_total\{route="\/models\/:task",status="200"\} 1/);
    const document = (await (await app.request('/openapi.json')).json()) as { paths: object; openapi: string };
    assert.equal(document.openapi, '3.1.0');
    assert.ok('/v1/systemone' in document.paths && '/models/{task}' in document.paths);
  });

  it('refuses more inputs or questions than one request may have', async () => {
    const { post } = appWith({ limits: { ...usualLimits, records: 2 } });
    assert.equal((await post('/models/mood', { inputs: ['a', 'b', 'c'] })).status, 413);
    const three = Object.fromEntries(['a', 'b', 'c'].map((id) => [id, { type: 'noul' }]));
    assert.equal((await post('/v1/systemone', asking(three))).status, 413);
    assert.equal((await post('/models/mood', { inputs: ['a', 'b'] })).status, 200);
  });

  it('says the id of each request, its own or the one that the client brought', async () => {
    const { post } = appWith();
    const id = async (headers: Record<string, string>) =>
      (await post('/models/mood', { inputs: 'a' }, headers)).headers.get('x-request-id');
    assert.equal(await id({}), 'id-1');
    assert.equal(await id({ 'X-Request-Id': 'abc.1' }), 'abc.1');
    assert.equal(await id({ 'X-Request-Id': 'x'.repeat(65) }), 'id-1');
  });

  it('says that there is no such page', async () => {
    const response = await appWith().app.request('/nope');
    assert.equal(response.status, 404);
    assert.match(await response.text(), /not_found_error/);
  });
});
