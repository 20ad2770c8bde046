import { streamSSE } from 'hono/streaming';
import type { ServedTask } from '../app/serving/pool.js';
import { resultObject } from '../app/serving/predict-all.js';
import { compileValidator } from '../grammar/validate.js';
import { stringifyJson } from '../json.js';
import { taskTypes } from '../task-types/index.js';
import { bodyOf } from './body.js';
import { errorResponse, HttpError, openAiErrors } from './errors.js';
import { message, textOfMessage, textOfMessages } from './messages.js';
import { predictionsFor } from './records.js';
import { type Route, z } from './routes.js';
import { defaultModelName } from './systemone.js';
import type { ServerContext } from './types.js';

const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({ type: z.literal('json_schema'), json_schema: z.object({ name: z.string(), schema: z.unknown() }) }),
]);
const request = z.object({
  model: z.string(),
  messages: z.array(message).min(1),
  response_format: format.nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1))]).nullish(),
  n: z.literal(1).nullish(),
  tools: z.array(z.unknown()).max(0, 'tools are not called here').nullish(),
  /** As older clients name them. */
  functions: z.array(z.unknown()).max(0, 'functions are not called here').nullish(),
  logprobs: z.literal(false).nullish(),
});
type Request = z.infer<typeof request>;

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });
const answer = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.literal(0),
      message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
      logprobs: z.null(),
      finish_reason: z.literal('stop'),
    }),
  ),
  usage,
});

/** Tokens of an answer of the default model, unless the request says. */
const usualMaxTokens = 1024;
/** A stream that is waited for says so at least this often, for proxies that close silent ones. */
const silenceMs = 10_000;

/**
 * `POST /v1/chat/completions`: a task on the text of the user's message, or the default model on a conversation. The
 * content is JSON where the task gives JSON or `response_format` asks for it.
 */
export const chat: Route = {
  method: 'post',
  path: '/v1/chat/completions',
  summary: 'A task, or the default model, as the clients of OpenAI talk to it; `response_format` takes a JSON Schema',
  body: request,
  answer,
  work: true,
  errors: openAiErrors,
  async handle(c, server, { signal }) {
    const asked = await bodyOf(c, request);
    const task = server.pool.find(asked.model);
    if (task === null && asked.model !== defaultModelName) {
      const names = [defaultModelName, ...server.pool.tasks.map(({ name }) => name)];
      throw new HttpError(404, 'not_found_error', `there is no model "${asked.model}" here; there are ${names.join()}`);
    }
    // Made before a stream begins, so that a request that cannot be answered has a status of its own.
    const work = task === null ? freely(server, asked) : byTask(server, task, asked);
    const head = {
      id: `chatcmpl-${server.requestId()}`,
      created: Math.floor(server.date() / 1000),
      model: asked.model,
    };
    if (asked.stream !== true) {
      const { content, tokens } = await work(signal);
      const said = { role: 'assistant', content, refusal: null };
      const choices = [{ index: 0, message: said, logprobs: null, finish_reason: 'stop' }];
      return c.json({ ...head, object: 'chat.completion', choices, usage: await tokens() });
    }
    const counts = asked.stream_options?.include_usage === true;
    return streamSSE(c, async (stream) => {
      const chunk = (delta: object, finish_reason: 'stop' | null = null) =>
        send({
          choices: [{ index: 0, delta, logprobs: null, finish_reason }],
          ...(counts ? { usage: null } : {}),
        });
      const send = (more: object) =>
        stream.writeSSE({ data: JSON.stringify({ ...head, object: 'chat.completion.chunk', ...more }) });
      const waiting = setInterval(() => void stream.write(': waiting\n\n'), silenceMs);
      try {
        await chunk({ role: 'assistant', content: '', refusal: null });
        const { content, tokens } = await work(signal);
        await chunk({ content });
        await chunk({}, 'stop');
        if (counts) await send({ choices: [], usage: await tokens() });
      } catch (error) {
        const response = errorResponse(c, error, openAiErrors, (defect) =>
          server.log(`defect: ${defect instanceof Error ? (defect.stack ?? defect.message) : String(defect)}`),
        );
        await stream.writeSSE({ data: await response.text() });
      } finally {
        clearInterval(waiting);
      }
      await stream.writeSSE({ data: '[DONE]' });
    });
  },
};

interface Done {
  readonly content: string;
  tokens(): Promise<z.infer<typeof usage>>;
}
type Work = (signal: AbortSignal) => Promise<Done>;

/** A task reads one text and has its own instruction and schema; the schema of the request is checked against. */
function byTask(server: ServerContext, task: ServedTask, { messages, response_format, stop }: Request): Work {
  const [first, ...others] = messages;
  if (first === undefined || others.length > 0 || (first.role ?? 'user') !== 'user')
    throw new HttpError(
      400,
      'invalid_request_error',
      `"${task.name}" is a task with its own instruction: give one message, the user's, with the text`,
    );
  if (stop != null) throw new HttpError(400, 'invalid_request_error', `"${task.name}" is a task: it has no "stop"`);
  const text = textOfMessage(first);
  const check = response_format?.type === 'json_schema' ? compileValidator(response_format.json_schema.schema) : null;
  return async (signal) => {
    const [prediction] = await predictionsFor(server.pool, task, [text], signal);
    const output = prediction?.output;
    if (prediction === undefined || output === undefined)
      throw new HttpError(422, 'invalid_request_error', prediction?.error ?? 'this text has no result');
    const { results } = taskTypes[output.type];
    const content = results.text?.(output) ?? stringifyJson(resultObject(task, output, prediction.record));
    const problem = check?.(jsonOf(content)) ?? null;
    if (problem !== null)
      throw new HttpError(
        422,
        'invalid_request_error',
        `the result of "${task.name}" does not fit response_format: ${problem}`,
      );
    return { content, tokens: () => tokensOf(server, task, text, content) };
  };
}

/** The default model, told what the system says, on what the others say. */
function freely(server: ServerContext, asked: Request): Work {
  const isInstruction = ({ role }: z.infer<typeof message>) => role === 'system' || role === 'developer';
  const instructions = asked.messages.filter(isInstruction).map(textOfMessage).join('\n');
  const text = textOfMessages(asked.messages.filter((each) => !isInstruction(each)));
  if (text === '') throw new HttpError(400, 'invalid_request_error', "give a user's message");
  const wanted = asked.response_format?.type;
  const schema =
    asked.response_format?.type === 'json_schema'
      ? asked.response_format.json_schema.schema
      : wanted === 'json_object'
        ? { type: 'object' }
        : null;
  return async (signal) => {
    const output = await server.pool.generate(
      {
        instructions,
        text,
        schema,
        unlisted: wanted === 'json_object',
        maxTokens: asked.max_completion_tokens ?? asked.max_tokens ?? usualMaxTokens,
        stop: asked.stop == null ? [] : [asked.stop].flat(),
      },
      signal,
    );
    const content = output.text;
    return { content, tokens: () => tokensOf(server, null, `${instructions}\n${text}`, content) };
  };
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

async function tokensOf(server: ServerContext, task: ServedTask | null, prompt: string, content: string) {
  const [asked, said] = await Promise.all([prompt, content].map((text) => server.pool.countTokens(task, text)));
  const [prompt_tokens, completion_tokens] = [asked ?? 0, said ?? 0];
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
