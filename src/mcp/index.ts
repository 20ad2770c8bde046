import type { Readable, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { ServedTask, TaskPool } from '../app/serving/pool.js';
import { predictAll, resultObject } from '../app/serving/predict-all.js';
import { messageOf } from '../errors.js';
import { stringifyJson } from '../json.js';
import { answeringTransport } from './answering-transport.js';
import { answerBrokenLines } from './broken-lines.js';
import { toolOf } from './tool.js';

/** The values that a server of the Model Context Protocol is made from. */
export interface McpContext {
  readonly pool: TaskPool;
  readonly version: string;
  readonly input: Readable;
  readonly output: Writable;
  /** Aborted when the server is to end. */
  readonly closing: AbortSignal;
  /** Largest message, bytes. */
  readonly messageBytes: number;
  /** One line for the operator. Never text of users. */
  log(line: string): void;
}

/**
 * Offers each task as a tool, until the client closes the input or the context is closing. A client that closes the
 * input gets the answers to what it has asked before; a context that closes ends all at once.
 */
export async function serveMcp(context: McpContext): Promise<void> {
  const messages = answerBrokenLines((message) => context.output.write(message), context.messageBytes);
  // The SDK breaks off what is under way when its input ends: it hears of the end when all is answered.
  context.input.pipe(messages, { end: false });
  const transport = answeringTransport(
    new StdioServerTransport(messages, context.output, { maxBufferSize: context.messageBytes }),
  );
  const handle = serveStdio(() => serverOf(context), { transport, onerror: ({ message }) => context.log(message) });
  await new Promise<void>((resolve) => {
    const end = async () => {
      // The last lines may still be on their way to the SDK.
      do await setImmediate();
      while (messages.readableLength > 0 || messages.writableLength > 0);
      await transport.answered();
      resolve();
    };
    context.input.once('end', end);
    context.input.once('close', end);
    messages.once('error', () => resolve());
    context.output.once('error', () => resolve());
    if (context.closing.aborted) resolve();
    else context.closing.addEventListener('abort', () => resolve(), { once: true });
  });
  await handle.close();
}

function serverOf(context: McpContext): McpServer {
  const server = new McpServer({ name: 'slm', version: context.version }, { capabilities: { tools: {} } });
  for (const task of context.pool.tasks) {
    const { name, description, input } = toolOf(task);
    const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };
    server.registerTool(name, { description, inputSchema: input, annotations }, (fields, { mcpReq }) =>
      call(context, task, fields, AbortSignal.any([mcpReq.signal, context.closing])),
    );
  }
  return server;
}

/** The result as JSON; what went wrong is a result too, for the assistant to read. */
async function call(
  { pool, log }: McpContext,
  task: ServedTask,
  fields: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) {
  try {
    const [prediction] = (await predictAll(pool, task, [fields], signal)) ?? [];
    if (prediction?.output === undefined) return failed(prediction?.error ?? 'ended early');
    const result = resultObject(task, prediction.output, prediction.record);
    const text = stringifyJson(result);
    // The digits of the text are exact; the object is for clients that read objects.
    return { content: [{ type: 'text' as const, text }], structuredContent: JSON.parse(text) };
  } catch (error) {
    log(`${task.name}: ${messageOf(error)}`);
    return failed(messageOf(error));
  }
}

function failed(text: string) {
  return { content: [{ type: 'text' as const, text }], isError: true };
}
