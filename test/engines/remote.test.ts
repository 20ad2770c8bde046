import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { engines, serviceOf } from '../../src/engines/index.js';
import { keyFor } from '../../src/engines/remote/key.js';
import type { Ledger, ServiceSettings } from '../../src/engines/types.js';
import { align } from '../../src/methods/asked-spans/align.js';
import { methodNamed } from '../../src/methods/index.js';
import type { MethodContext } from '../../src/methods/types.js';
import type { Engine, EngineWith, TaskProfile } from '../../src/types.js';
import { profileWith } from '../helpers/profiles.js';
import { served } from '../helpers/served.js';

const settings: ServiceSettings = { concurrency: 4, timeoutMs: 2000, firstWaitMs: 1, price: null, budget: null };
const key = 'sk-very-secret';

interface Sent {
  readonly path: string;
  readonly authorization: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what was sent; each test asserts what it reads
  readonly body: any;
}

type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown };

/** A service of the vendors' documented answers: the nth request gets the nth reply, further ones the last. */
async function stub(t: TestContext, replies: readonly (Reply | 'silence')[]) {
  const sent: Sent[] = [];
  const arrivedMs: number[] = [];
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await textOf(request));
    const reply = replies[Math.min(sent.length, replies.length - 1)] as Reply | 'silence';
    arrivedMs.push(performance.now());
    sent.push({ path: request.url ?? '', authorization: request.headers.authorization, body });
    if (reply === 'silence') return;
    response.writeHead(reply.status ?? 200, { 'Content-Type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, sent, arrivedMs };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const files: Readonly<Record<string, string>> = {
  'cat.png': '\x89PNG\r\n\x1a\nbytes',
  'secret.png': 'BEGIN PRIVATE KEY',
};

async function open<C extends 'decisions' | 'chat'>(
  reference: string,
  changes: Partial<ServiceSettings> = {},
  notices: string[] = [],
  ledger: Ledger = [],
): Promise<EngineWith<C>> {
  const service = serviceOf(reference);
  assert.ok(service !== null);
  const engine: Engine = await service.kind.open(service.address, {
    reference,
    ledger,
    env: { SLM_API_KEY: key },
    signal: new AbortController().signal,
    readFile: async (file) => {
      const bytes = files[file];
      if (bytes === undefined) throw new Error(`no file ${file}`);
      return Buffer.from(bytes, 'latin1');
    },
    date: () => Date.parse('2026-11-28T12:00:00Z'),
    settings: { ...settings, ...changes },
    onNotice: (text) => notices.push(text),
  });
  return engine as EngineWith<C>;
}

const question = {
  instruction: 'How is it?',
  text: 'good',
  options: [
    { name: 'good', description: '' },
    { name: 'bad', description: 'not good' },
  ],
};

/** As OpenAI's reference shows a chat completion with log-probabilities. */
const completion = (content: string, more: object = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1741569952,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop', ...more }],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, prompt_tokens_details: { cached_tokens: 40 } },
});

const letterLogprobs = {
  logprobs: {
    content: [
      { token: '{"option":"', logprob: 0, top_logprobs: [] },
      {
        token: 'A',
        logprob: Math.log(0.6),
        top_logprobs: [
          { token: 'A', logprob: Math.log(0.6) },
          { token: 'B', logprob: Math.log(0.2) },
          { token: 'C', logprob: Math.log(0.1) },
        ],
      },
      { token: '"}', logprob: 0, top_logprobs: [] },
    ],
  },
};

describe('decisions of services', () => {
  for (const scheme of ['systemone', 'decisions']) {
    it(`come from slm serve by ${scheme}`, async (t) => {
      const engine = await open<'decisions'>(`${scheme}:mood@${await served(t)}/v1`);
      const [good, bad] = await engine.decide(question);
      assert.ok(Math.abs((good ?? 0) - 6 / 7) < 1e-9, String(good));
      assert.ok(Math.abs((bad ?? 0) - 1 / 7) < 1e-9);
      assert.ok(engine.usage().evaluatedTokens > 0);
    });
  }

  it('come from the log-probabilities of a chat, where the answer stands', async (t) => {
    const { url, sent } = await stub(t, [{ body: completion('{"option":"A"}', letterLogprobs) }]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    const found = await engine.decide(question);
    assert.ok(Math.abs((found[0] ?? 0) - 0.75) < 1e-9 && Math.abs((found[1] ?? 0) - 0.25) < 1e-9, found.join());
    assert.equal(sent[0]?.path, '/v1/chat/completions');
    assert.deepEqual(sent[0]?.body.response_format.json_schema.schema.properties.option.enum, ['A', 'B']);
    assert.match(sent[0]?.body.messages[0].content, /A: good\nB: bad \(not good\)$/u);
    assert.deepEqual(engine.usage(), {
      evaluatedTokens: 60,
      prefixTokens: 0,
      generatedTokens: 10,
      reusedTokens: 40,
      money: null,
    });
  });

  it('have a score of 1 where a chat gives no log-probabilities, which is said once', async (t) => {
    const refusal = { error: { message: "Unsupported parameter: 'logprobs'", type: 'invalid_request_error' } };
    const { url, sent } = await stub(t, [{ status: 400, body: refusal }, { body: completion('{"option":"B"}') }]);
    const notices: string[] = [];
    const engine = await open<'decisions'>(`openai:m@${url}`, {}, notices);
    assert.deepEqual(await engine.decide(question), [0, 1]);
    assert.deepEqual(await engine.decide(question), [0, 1]);
    assert.equal(notices.length, 1);
    assert.deepEqual(
      sent.map(({ body }) => 'logprobs' in body),
      [true, false, false],
    );
  });

  it('come from a server that knows schemas and log-probabilities by no name of OpenAI, and answers with 500', async (t) => {
    // As llama-cpp-python 0.3.16 answers.
    const refusal = (message: string) => ({ status: 500, body: { error: { message, type: 'internal_server_error' } } });
    const wrong = "{'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text' or 'json_object'\"}";
    const { url, sent } = await stub(t, [
      refusal(wrong),
      refusal('logprobs is not supported for models created with logits_all=False'),
      { body: completion('{"option":"B"}') },
    ]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    assert.deepEqual(await engine.decide(question), [0, 1]);
    assert.deepEqual(await engine.decide(question), [0, 1]);
    assert.deepEqual(
      sent.map(({ body }) => [body.response_format.type, 'logprobs' in body]),
      [
        ['json_schema', true],
        ['json_object', true],
        ['json_object', false],
        ['json_object', false],
      ],
    );
    assert.deepEqual(sent[1]?.body.response_format.schema, sent[0]?.body.response_format.json_schema.schema);
    assert.equal(sent[0]?.body.max_tokens, 64);
  });

  it('come from chats whose optional parts have odd forms', async (t) => {
    const content = '{"option":"A"}';
    const odd = [
      completion(content, { logprobs: { content: [{ token: 'A', top_logprobs: null }] } }),
      completion(content, { logprobs: { content: [{ token: 'A', top_logprobs: [{ token: 'A', logprob: null }] }] } }),
      completion(content, { logprobs: ['A'] }),
      { ...completion(content), usage: { prompt_tokens: '100' } },
      { ...completion(content), usage: { prompt_tokens: 100, total_tokens: 100 } },
    ];
    const { url } = await stub(
      t,
      odd.map((body) => ({ body })),
    );
    const engine = await open<'decisions'>(`openai:m@${url}`);
    for (const each of odd) assert.deepEqual(await engine.decide(question), [1, 0], JSON.stringify(each));
  });

  it('are numbers whatever a server calls log-probabilities', async (t) => {
    const top = ['A', 'B'].map((token) => ({ token, logprob: 1e308 }));
    const body = completion('{"option":"A"}', { logprobs: { content: [{ token: 'A', top_logprobs: top }] } });
    const { url } = await stub(t, [{ body }]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    assert.deepEqual(await engine.decide(question), [0.5, 0.5]);
  });

  const usage = { input_tokens: 1, output_tokens: 1 };
  const typed: Readonly<Record<string, (probabilities: Record<string, number>) => object>> = {
    decisions: (probabilities) => ({
      answers: [
        {
          type: 'choice',
          probabilities: Object.entries(probabilities).map(([value, probability]) => ({ value, probability })),
        },
      ],
      usage,
    }),
    systemone: (probabilities) => ({ answers: { q: { probabilities } }, usage }),
  };
  for (const [scheme, bodyOf] of Object.entries(typed)) {
    it(`by ${scheme} are refused where the service knows none of the labels, and are probabilities`, async (t) => {
      const { url } = await stub(t, [
        { body: bodyOf({ other: 1 }) },
        { body: bodyOf({ good: 0, bad: 0 }) },
        { body: bodyOf({}) },
        { body: bodyOf({ good: -3, bad: 7 }) },
        { body: bodyOf({ good: 3, bad: 1 }) },
        { body: bodyOf({ bad: 0.5 }) },
      ]);
      const engine = await open<'decisions'>(`${scheme}:m@${url}`);
      for (const message of [/no probability of "good", "bad", only of "other"/, /no probability/, /no probability/])
        await assert.rejects(engine.decide(question), { kind: 'failure', message });
      await assert.rejects(engine.decide(question), { kind: 'failure', message: /no decision/ });
      assert.deepEqual(await engine.decide(question), [0.75, 0.25]);
      assert.deepEqual(await engine.decide(question), [0, 0.5]);
    });
  }

  it('are an error where the service refuses', async (t) => {
    const usage = { input_tokens: 1, output_tokens: 0 };
    const { url } = await stub(t, [{ body: { model: 'm', answers: [{ type: 'refusal', name: null }], usage } }]);
    const engine = await open<'decisions'>(`decisions:m@${url}`);
    await assert.rejects(engine.decide(question), { kind: 'failure', message: /refused to answer/ });
  });
});

describe('a call of a service', () => {
  const good = { body: completion('{"option":"A"}') };

  it('is repeated when the service is busy, after the time that it asks for', async (t) => {
    const busy = { status: 429, headers: { 'Retry-After': '0.3' }, body: { error: { message: 'slow down' } } };
    const { url, sent } = await stub(t, [busy, { status: 503, body: '<html>' }, good]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    const start = performance.now();
    assert.deepEqual(await engine.decide(question), [1, 0]);
    assert.ok(performance.now() - start >= 290);
    assert.equal(sent.length, 3);
  });

  it('is repeated at the date that the service names, by its clock or else by ours', async (t) => {
    const busy = (headers: Record<string, string>) => ({ status: 429, headers, body: {} });
    const at = (seconds: number) => new Date(Date.parse('2026-11-28T12:00:00Z') + 1000 * seconds).toUTCString();
    const { url, sent } = await stub(t, [
      busy({ 'Retry-After': at(3601), Date: at(3600) }),
      // The past, and nothing that can be read: no wait beyond the usual one.
      busy({ 'Retry-After': at(-60), Date: at(0) }),
      busy({ 'Retry-After': 'soon' }),
      busy({ 'retry-after-ms': '250', 'Retry-After': '60' }),
      good,
    ]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    const start = performance.now();
    assert.deepEqual(await engine.decide(question), [1, 0]);
    const took = performance.now() - start;
    assert.ok(took >= 1240 && took < 5000, `${took} ms`);
    assert.equal(sent.length, 5);
  });

  it('is given up where the service asks for more patience than there is', async (t) => {
    const late = new Date(Date.now() + 3_600_000).toUTCString();
    const { url, sent } = await stub(t, [{ status: 503, headers: { 'Retry-After': late }, body: 'closed' }]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    await assert.rejects(engine.decide(question), {
      kind: 'failure',
      message: /answered with 503: closed \(it asks to wait for .*, which is too long\)$/,
    });
    assert.equal(sent.length, 1);
  });

  it('is repeated after pauses that differ by chance, so that not all callers come back at once', async (t) => {
    const calls = 8;
    const busy = Array.from({ length: calls }, () => ({ status: 503, body: 'busy' }));
    const { url, arrivedMs } = await stub(t, [...busy, good]);
    const engine = await open<'decisions'>(`openai:m@${url}`, { concurrency: calls, firstWaitMs: 100 });
    await Promise.all(Array.from({ length: calls }, () => engine.decide(question)));
    const first = arrivedMs.slice(0, calls);
    const second = arrivedMs.slice(calls);
    assert.equal(second.length, calls);
    assert.ok(Math.min(...second) - Math.min(...first) >= 95);
    assert.ok(Math.max(...second) - Math.min(...second) > 10, second.join());
  });

  it('is repeated when there is no answer in time, and then an error of the record', async (t) => {
    const { url, sent } = await stub(t, ['silence']);
    const engine = await open<'decisions'>(`openai:m@${url}`, { timeoutMs: 200 });
    await assert.rejects(engine.decide(question), { kind: 'failure', message: /no answer within 0.2 s/ });
    assert.equal(sent.length, 6);
  });

  for (const [status, kind] of [
    [401, 'model'],
    [402, 'model'],
    [404, 'model'],
    [400, 'usage'],
  ] as const) {
    it(`is not repeated after ${status}, and its error is of kind ${kind} and hides the key`, async (t) => {
      const { url, sent } = await stub(t, [{ status, body: { error: { message: `no, ${key}` } } }]);
      const engine = await open<'decisions'>(`openai:m@${url}`);
      await assert.rejects(engine.decide(question), (error: Error & { kind: string }) => {
        assert.equal(error.kind, kind);
        assert.match(error.message, /^127\.0\.0\.1:\d+ answered with \d+: no, …$/u);
        return true;
      });
      assert.equal(sent.length, 1);
      assert.equal(sent[0]?.authorization, `Bearer ${key}`);
    });
  }

  it('follows no redirection with the key', async (t) => {
    const { url, sent } = await stub(t, [{ status: 307, headers: { Location: 'http://127.0.0.1:1/' }, body: {} }]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    await assert.rejects(engine.decide(question), {
      kind: 'model',
      message: /redirects to http:\/\/127\.0\.0\.1:1\/, which is not followed$/,
    });
    assert.equal(sent.length, 1);
  });

  it('ends the run where there is no connection after all attempts, which is said at the first one', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const notices: string[] = [];
    const engine = await open<'decisions'>(`openai:m@http://127.0.0.1:${port}/v1`, {}, notices);
    const refused = { kind: 'model', message: /cannot be reached: .*ECONNREFUSED.* \(6 attempts\)$/ };
    await Promise.all([1, 2].map(() => assert.rejects(engine.decide(question), refused)));
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /cannot be reached.*; trying again$/u);
  });

  it('is not repeated where none can succeed', async () => {
    const engine = await open<'decisions'>('openai:m@http://127.0.0.1:9/v1');
    await assert.rejects(engine.decide(question), { kind: 'model', message: /cannot be reached: bad port$/ });
  });

  it('shows no key that a service repeats, whatever the status of its answer', async (t) => {
    const body = { error: { message: `the key ${key} may not do this` } };
    for (const status of [200, 400, 401, 503]) {
      const { url } = await stub(t, [{ status, body }]);
      const engine = await open<'decisions'>(`openai:m@${url}`);
      await assert.rejects(engine.decide(question), { message: /the key … may not do this/ });
    }
  });

  it('tells the error that some services give in an answer that succeeds', async (t) => {
    const { url, sent } = await stub(t, [{ body: { error: { message: 'Provider returned error', code: 502 } } }]);
    const engine = await open<'decisions'>(`openai:m@${url}`);
    await assert.rejects(engine.decide(question), {
      kind: 'failure',
      message: /answered with an error: Provider returned error$/,
    });
    assert.equal(sent.length, 1);
  });

  it('ends where the answer does not', async (t) => {
    const server = createServer((_request, response) => {
      const part = Buffer.alloc(1 << 20, ' ');
      const more = () => {
        while (response.write(part)) if (response.destroyed) return;
      };
      response.on('drain', more);
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const engine = await open<'decisions'>(`openai:m@http://127.0.0.1:${port}/v1`, { timeoutMs: 30_000 });
    await assert.rejects(engine.decide(question), { kind: 'failure', message: /more than 64 MiB/ });
  });

  for (const [name, env] of [
    ['SLM_API_KEY', { SLM_API_KEY: 'sk-secret\nsecond' }],
    ['SLM_API_KEY', { SLM_API_KEY: 'sk-secrét' }],
    ['OPENAI_API_KEY', { OPENAI_API_KEY: 'sk-secret sk-other' }],
  ] as const) {
    it(`is not made with a key that cannot be one: ${JSON.stringify(env)}`, () =>
      assert.throws(
        () => keyFor('https://api.openai.com/v1', env),
        (error: Error & { kind: string }) =>
          error.kind === 'usage' && error.message.startsWith(name) && !error.message.includes('secr'),
      ));
  }

  it('is not made when the budget is spent, which ends the run', async (t) => {
    const { url, sent } = await stub(t, [good]);
    // 100 tokens of input for 10 a million and 10 of output for 100 a million: 0.002 a call.
    const engine = await open<'decisions'>(`openai:m@${url}`, { price: { input: 10, output: 100 }, budget: 0.003 });
    await engine.decide(question);
    await engine.decide(question);
    await assert.rejects(engine.decide(question), {
      kind: 'model',
      message: /^the budget of 0\.003 is spent: 2 calls of openai:m@\S+ cost 0\.0040$/u,
    });
    assert.equal(sent.length, 2);
    assert.equal(engine.usage().money, 0.004);
    await assert.rejects(open(`openai:m@${url}`, { budget: 1 }), { kind: 'usage', message: /no price of openai:m/ });
  });

  it('costs less where the service had some of the input in its cache', async (t) => {
    const { url } = await stub(t, [good]);
    // 60 tokens for 10 a million, 40 for 1 and 10 of output for 100.
    const engine = await open<'decisions'>(`openai:m@${url}`, { price: { input: 10, cached: 1, output: 100 } });
    await engine.decide(question);
    assert.ok(Math.abs((engine.usage().money ?? 0) - 0.00164) < 1e-12);
  });

  for (const [reference, body] of [
    ['openai:m', { ...completion('A'), choices: [{ message: { content: [{ type: 'text', text: 'A' }] } }] }],
    ['openai:m', { ...completion('A'), choices: [] }],
    ['decisions:m', { answers: [], usage: { input_tokens: 100, output_tokens: 10 } }],
    ['systemone:m', { answers: {}, usage: { input_tokens: 100, output_tokens: 10 } }],
  ] as const) {
    it(`costs what it costs where ${reference} gives what nobody can read: ${JSON.stringify(body).slice(0, 60)}`, async (t) => {
      const { url } = await stub(t, [{ body }]);
      const engine = await open<'decisions'>(`${reference}@${url}`, {
        price: { input: 10, output: 100 },
        budget: 0.001,
      });
      await assert.rejects(engine.decide(question), { kind: 'failure', message: /gave an answer that is no/ });
      assert.equal(engine.usage().money, 0.002);
      await assert.rejects(engine.decide(question), { kind: 'model', message: /the budget of 0\.001 is spent/ });
    });
  }

  it('waits while as many as allowed are under way', async (t) => {
    let most = 0;
    let now = 0;
    const server = createServer((_request, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end(JSON.stringify(good.body));
      }, 20);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => void server.close());
    const engine = await open<'decisions'>(`openai:m@http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await Promise.all(Array.from({ length: 12 }, () => engine.decide(question)));
    assert.equal(most, 4);
  });
});

describe('the address of a service', () => {
  for (const [reference, problem] of [
    ['openai:m@http://host.example/v1', /over https alone/],
    ['systemone:m', /write the model and its address/],
    ['openai:@https://host/v1', /write the model/],
    ['openai:m@https://user:secret@host/v1', /leave user and password out/],
    ['openai:m@https://host/v1?key=secret', /leave "\?…" and "#…" out of the address; a key is given by /],
    ['decisions:m@https://host/v1#top', /leave "\?…" and "#…" out/],
  ] as const) {
    it(`is refused: ${reference}`, () =>
      assert.throws(() => serviceOf(reference), { kind: 'usage', message: problem }));
  }

  it('tells what leaves the machine', () => {
    assert.equal(engines.openai.host('m'), 'api.openai.com');
    assert.equal(engines.openai.host('a/b@https://host.example:8443/v1'), 'host.example:8443');
    assert.equal(engines.openai.host('m@http://localhost:8080/v1'), null);
  });
});

describe('methods that ask a service', () => {
  async function predict(method: string, profile: TaskProfile, engine: Engine, fields: Record<string, unknown>) {
    const context = { profile, engine, documents: [], ownDocuments: async () => [] } as unknown as MethodContext;
    const predictor = await methodNamed(method).prepare(context);
    const text = String(fields[profile.input]);
    const record = { index: 0, id: '1', text, fields, added: null, origin: { file: '-', line: 1 } };
    const { output } = await predictor.predict({ record, text, explain: true });
    return predictor.decide(output);
  }
  const person = { name: 'person', description: '', word: 'person', aliases: [] };

  it('give the picture of a record to a service that takes some: its address, or the bytes of the file', async (t) => {
    const letter = completion('{"option":"A"}', letterLogprobs);
    const { url, sent } = await stub(t, [{ body: letter }, { body: letter }, { body: completion('{"n":1}') }]);
    const engine = await open<'decisions' | 'chat'>(`openai:m@${url}`);
    const classify = profileWith({ options: {} });
    const contents = () => sent.at(-1)?.body.messages.at(-1).content;
    await predict('asked-labels', classify, engine, { text: 'Which?', image: 'https://host.example/cat' });
    const address = { type: 'image_url', image_url: { url: 'https://host.example/cat' } };
    assert.deepEqual(contents(), [address, { type: 'text', text: 'Which?' }]);
    await predict('asked-labels', classify, engine, { text: '', image: 'cat.png' });
    const bytes = Buffer.from(files['cat.png'] as string, 'latin1').toString('base64');
    const file = { type: 'image_url', image_url: { url: `data:image/png;base64,${bytes}` } };
    assert.deepEqual(contents(), [file]);
    const schema = { type: 'object', properties: { n: { type: 'integer' } } };
    const prompt = { instruction: 'Count.', base: '{{ text }}', chat: 'Text: {{ text }}', use: 'auto' } as const;
    const generate = profileWith({ type: 'generate', labels: [], schema, prompt, options: {} });
    await predict('asked-generation', generate, engine, { text: 'x', image: 'cat.png' });
    assert.deepEqual(contents(), [file, { type: 'text', text: 'Text: x' }]);
    for (const [image, problem] of [
      ['secret.png', /is no image .*and is not sent/],
      ['none.png', /cannot be read: no file none.png/],
    ] as const)
      await assert.rejects(predict('asked-labels', classify, engine, { text: 'x', image }), {
        kind: 'failure',
        message: problem,
      });
    assert.equal(sent.length, 3);
  });

  it('give entities where they stand in the text, and tell what does not stand there', async (t) => {
    const entities = ['Rosa', 'Ros', 'Berlin', 'Rosa'].map((text) => ({ text, label: 'person' }));
    const { url } = await stub(t, [{ body: completion(JSON.stringify({ entities })) }]);
    const profile = profileWith({ type: 'extract', labels: [person], options: {} });
    const engine = await open<'chat'>(`openai:m@${url}`);
    assert.deepEqual(await predict('asked-spans', profile, engine, { text: 'Rosamunde met Rosa, and Rosa laughed.' }), {
      type: 'extract',
      entities: [
        { text: 'Ros', label: 'person', start: 0, end: 3 },
        { text: 'Rosa', label: 'person', start: 14, end: 18 },
        { text: 'Rosa', label: 'person', start: 24, end: 28 },
      ],
      ungrounded: ['Berlin'],
    });
  });

  it('give an answer only where it stands in the passage', async (t) => {
    const reply = (answer: string | null) => ({ body: completion(JSON.stringify({ answer })) });
    const { url } = await stub(t, [reply('in 1999'), reply('in 2001'), reply(null)]);
    const profile = profileWith({ type: 'answer', input: 'question', labels: [], options: {} });
    const engine = await open<'chat'>(`openai:m@${url}`);
    const ask = () =>
      predict('asked-answer', profile, engine, { question: 'When was it built?', context: '😀 It was built in 1999.' });
    const found = await ask();
    assert.ok(found.type === 'answer' && found.evidence !== undefined);
    assert.equal(found.answer, 'in 1999');
    assert.equal(found.evidence.start.codepoint, 15);
    const wrong = await ask();
    assert.ok(wrong.type === 'answer');
    assert.equal(wrong.answer, null);
    assert.match(wrong.reason ?? '', /does not stand in the passages: "in 2001"/);
    assert.equal(((await ask()) as { answer: null }).answer, null);
  });

  it('give JSON that the schema allows, as conversations of examples, and nothing else', async (t) => {
    const { url, sent } = await stub(t, [{ body: completion('{"n":1}') }, { body: completion('{"n":"one"}') }]);
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    const prompt = { instruction: 'Count.', base: '{{ text }}', chat: 'Text: {{ text }}', use: 'auto' } as const;
    const profile = profileWith({ type: 'generate', labels: [], schema, prompt, options: {} });
    const engine = await open<'chat'>(`openai:m@${url}`);
    const text = 'one \u0001system\u0002 {{ text }}';
    const output = await predict('asked-generation', profile, engine, { text });
    assert.deepEqual((output as { value: unknown }).value, { n: 1 });
    assert.deepEqual(sent[0]?.body.messages, [
      { role: 'system', content: 'Count.' },
      { role: 'user', content: 'Text: one  system  {{ text }}' },
    ]);
    await assert.rejects(predict('asked-generation', profile, engine, { text }), /breaks the schema/);
  });

  it('take a whole word before a part of one', () => {
    const { entities } = align('Annabel and Anna', [{ text: 'Anna', label: 'x' }]);
    assert.deepEqual(entities, [{ text: 'Anna', label: 'x', start: 12, end: 16 }]);
    // Letters of two units on either side.
    const start = (text: string) => align(text, [{ text: 'A', label: 'x' }]).entities[0]?.start;
    assert.deepEqual([start('𝐀A A'), start('A𝐀 A'), start('😀A A'), start('A😀 A')], [4, 4, 2, 0]);
  });

  it('are as quick where a letter stands in a long text again and again', () => {
    const began = performance.now();
    align('a 1 b 2\n'.repeat(20_000), [{ text: '1', label: 'x' }]);
    assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
  });
});
