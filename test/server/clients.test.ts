import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceClient } from '@huggingface/inference';
import OpenAI from 'openai';
import { fakePool } from '../helpers/fake-pool.js';
import { served } from '../helpers/served.js';

function openAi(url: string, apiKey = 'any'): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

describe("OpenAI's client for Node", () => {
  it('gets decisions of all kinds, and a refusal where a task abstains', async (t) => {
    const client = openAi(await served(t));
    const { answers, usage } = await client.decisions.create({
      model: 'mood',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'unsure' }] }],
      questions: [
        {
          type: 'choice',
          name: 'own labels',
          instructions: 'How is it?',
          choices: [{ value: 'good' }, { value: 'bad' }],
        },
        { type: 'choice', instructions: 'x', choices: [{ value: true }, { value: false, description: 'not so' }] },
        { type: 'predicate', name: 'p', instructions: [{ type: 'input_text', text: 'Is it?' }] },
        { type: 'score', name: 's', instructions: 'How much?', levels: [{ label: 'low' }, { label: 'much' }] },
      ],
    });
    assert.deepEqual(answers[0], { type: 'refusal', name: 'own labels' });
    assert.deepEqual(answers[1], {
      type: 'choice',
      name: null,
      choice: false,
      confidence: (5 / 9 - 1 / 2) * 2,
      probabilities: [
        { value: true, probability: 4 / 9 },
        { value: false, probability: 5 / 9 },
      ],
    });
    assert.deepEqual(answers[2], { type: 'predicate', name: 'p', probability: 3 / 5 });
    assert.deepEqual(answers[3], {
      type: 'score',
      name: 's',
      score: 0.5,
      confidence: 0,
      probabilities: [
        { value: 0, label: 'low', probability: 0.5 },
        { value: 1, label: 'much', probability: 0.5 },
      ],
    });
    assert.equal(usage.total_tokens, usage.input_tokens);
  });

  it('keeps the choices true and "true" apart', async (t) => {
    const client = openAi(await served(t));
    const { answers } = await client.decisions.create({
      model: 'default',
      input: 'x',
      questions: [{ type: 'choice', instructions: 'x', choices: [{ value: true }, { value: 'true' }] }],
    });
    const [answer] = answers;
    assert.ok(answer?.type === 'choice');
    assert.deepEqual(
      answer.probabilities.map(({ value }) => value),
      [true, 'true'],
    );
  });

  it('reads conversations, JSON and what functions gave', async (t) => {
    const asked: string[] = [];
    const pool = fakePool();
    const watched = {
      ...pool,
      ask: (...args: Parameters<typeof pool.ask>) => {
        asked.push(args[1]);
        return pool.ask(...args);
      },
    };
    const client = openAi(await served(t, {}, watched));
    await client.decisions.create({
      model: 'default',
      input: [
        { role: 'developer', content: 'Be strict.' },
        { role: 'user', content: [{ type: 'input_json', data: { total: 3 } }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
        { type: 'function_call', call_id: '1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: '1', output: 'done' },
      ],
      questions: [{ type: 'predicate', instructions: 'x' }],
    });
    assert.deepEqual(asked, [
      'developer: Be strict.\nuser: {"total":3}\nassistant: No.\nfunction_call: {}\nfunction_call_output: done',
    ]);
  });

  it('reads what is wrong', async (t) => {
    const url = await served(t, { keys: ['secret'] });
    const client = openAi(url, 'secret');
    const predicate = { type: 'predicate', instructions: 'x' } as const;
    const ask = (body: object) => client.decisions.create(body as OpenAI.DecisionCreateParams);
    const image = [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:' }] }];
    await assert.rejects(ask({ model: 'mood', input: image, questions: [predicate] }), {
      name: 'Error',
      status: 400,
      message: '400 input of type "input_image" is not read here; give text',
    });
    await assert.rejects(ask({ model: 'nope', input: 'x', questions: [predicate] }), (error: unknown) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.match(error.message, /^404 there is no model "nope" here; there are default, mood/);
      return true;
    });
    await assert.rejects(ask({ model: 'mood', input: 'x', questions: [] }), (error: unknown) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'questions');
      return true;
    });
    const stranger = openAi(url, 'wrong');
    await assert.rejects(
      stranger.decisions.create({ model: 'mood', input: 'x', questions: [predicate] }),
      OpenAI.AuthenticationError,
    );
  });

  it('gets the JSON of every kind of task as a message', async (t) => {
    const client = openAi(await served(t));
    const ask = async (model: string, content: string) => {
      const { choices } = await client.chat.completions.create({ model, messages: [{ role: 'user', content }] });
      assert.equal(choices[0]?.finish_reason, 'stop');
      return choices[0]?.message.content ?? '';
    };
    assert.equal(await ask('order', 'abc'), '{"length":3,"note":"süß 😀"}');
    assert.deepEqual(JSON.parse(await ask('mood', 'good')).label, 'good');
    assert.equal(JSON.parse(await ask('mood', 'unsure')).label, null);
    assert.deepEqual(JSON.parse(await ask('names', '😀 Rosa')), {
      entities: [{ text: 'Rosa', label: 'person', start: 2, end: 6, score: 0.9 }],
    });
    assert.equal(JSON.parse(await ask('facts', 'Who?')).answer, null);
  });

  const schema = (type: string) => ({
    type: 'json_schema' as const,
    json_schema: { name: 'order', strict: true, schema: { type: 'object', properties: { length: { type } } } },
  });

  it('streams, in chunks that its helper puts together', async (t) => {
    const client = openAi(await served(t));
    const stream = client.chat.completions.stream({
      model: 'order',
      messages: [{ role: 'user', content: 'abc' }],
      response_format: schema('integer'),
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    stream.on('content', (delta) => pieces.push(delta));
    const { choices, usage } = await stream.finalChatCompletion();
    assert.equal(choices[0]?.message.content, '{"length":3,"note":"süß 😀"}');
    assert.equal(choices[0]?.finish_reason, 'stop');
    assert.equal(pieces.join(''), choices[0]?.message.content);
    assert.ok((usage?.total_tokens ?? 0) > 0);
  });

  it('is told, streaming or not, when a task does not give what response_format says', async (t) => {
    const client = openAi(await served(t));
    const wrong = {
      model: 'order',
      messages: [{ role: 'user', content: 'x' }],
      response_format: schema('string'),
    } as const;
    await assert.rejects(
      client.chat.completions.create({ ...wrong, messages: [...wrong.messages] }),
      (error: unknown) => {
        assert.ok(error instanceof OpenAI.UnprocessableEntityError);
        assert.match(error.message, /the result of "order" does not fit response_format: at \/length: must be string/);
        return true;
      },
    );
    const stream = await client.chat.completions.create({ ...wrong, messages: [...wrong.messages], stream: true });
    await assert.rejects(async () => {
      for await (const chunk of stream) assert.equal(chunk.choices[0]?.delta.content ?? '', '');
    }, /the result of "order" does not fit response_format/);
  });

  it('talks to the default model, with a schema and without', async (t) => {
    const client = openAi(await served(t));
    const ask = async (more: object) => {
      const messages = [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
      ] as OpenAI.ChatCompletionMessageParam[];
      const { choices } = await client.chat.completions.create({ model: 'default', messages, ...more });
      return choices[0]?.message.content;
    };
    assert.equal(await ask({}), 'you said: Hello');
    assert.equal(await ask({ response_format: { type: 'json_object' } }), '{"said":true}');
    await assert.rejects(ask({ tools: [{ type: 'function', function: { name: 'f' } }] }), /tools are not called here/);
    await assert.rejects(ask({ functions: [{ name: 'f', parameters: {} }] }), /functions are not called here/);
    await assert.rejects(ask({ n: 2 }), OpenAI.BadRequestError);
  });

  it('gives a task no conversation and no instruction of its own', async (t) => {
    const client = openAi(await served(t));
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'good' },
    ];
    await assert.rejects(
      client.chat.completions.create({ model: 'mood', messages }),
      /400 "mood" is a task with its own instruction/,
    );
  });

  it('lists the tasks as models', async (t) => {
    const client = openAi(await served(t));
    const names: string[] = [];
    for await (const { id } of client.models.list()) names.push(id);
    assert.deepEqual(names, ['mood', 'names', 'facts', 'order', 'default']);
  });
});

describe("Hugging Face's client for Node", () => {
  it('classifies', async (t) => {
    const client = new InferenceClient(undefined, { endpointUrl: `${await served(t)}/models/mood` });
    const labels = await client.textClassification({ inputs: 'good', parameters: { top_k: 2 } });
    assert.deepEqual(labels, [
      { label: 'good', score: 0.6 },
      { label: 'mixed', score: 0.3 },
    ]);
  });

  it('finds entities, less the labels to ignore', async (t) => {
    const client = new InferenceClient(undefined, { endpointUrl: `${await served(t)}/models/names` });
    assert.deepEqual(await client.tokenClassification({ inputs: '😀 Rosa' }), [
      { entity_group: 'person', score: 0.9, word: 'Rosa', start: 2, end: 6 },
    ]);
    const ignored = await client.tokenClassification({ inputs: 'Rosa', parameters: { ignore_labels: ['person'] } });
    assert.deepEqual(ignored, []);
  });

  it('answers questions, by an empty answer where there is none', async (t) => {
    const client = new InferenceClient(undefined, { endpointUrl: `${await served(t)}/models/facts` });
    const ask = (context: string) => client.questionAnswering({ inputs: { question: 'Who?', context } });
    assert.deepEqual(await ask('😀 It was Rosa.'), { answer: 'Rosa', score: 0.8, start: 9, end: 13 });
    assert.deepEqual(await ask('Nobody.'), { answer: '', score: 0.1, start: 0, end: 0 });
  });

  it('reads what is wrong', async (t) => {
    const url = await served(t);
    const client = new InferenceClient(undefined, { endpointUrl: `${url}/models/nope` });
    await assert.rejects(client.textClassification({ inputs: 'x' }), /there is no task "nope" here; there are mood/);
    const mood = new InferenceClient(undefined, { endpointUrl: `${url}/models/mood` });
    await assert.rejects(
      mood.textClassification({ inputs: 'x', parameters: { function_to_apply: 'none' } }),
      /function_to_apply/,
    );
  });
});
