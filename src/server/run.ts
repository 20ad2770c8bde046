import { messageOf, SlmError, usageError } from '../errors.js';
import { plain } from '../formats/index.js';
import { jsonl } from '../formats/jsonl.js';
import type { FormatOptions } from '../formats/types.js';
import { recordOf } from '../record.js';
import { readers } from '../records/index.js';
import { breakOff } from './break-off.js';
import { HttpError } from './errors.js';
import { taskNamed } from './records.js';
import { type Route, z } from './routes.js';

const query = z.object({
  field: z.string().min(1).optional(),
  pass_through: z.enum(['true', 'false']).optional(),
});

/** `POST /run/TASK`: JSON Lines in, JSON Lines out, each as it is done; the client's pace is ours. */
export const run: Route = {
  method: 'post',
  path: '/run/:task',
  summary: 'A task on a stream of records: JSON Lines in, JSON Lines out, as `slm run --json` has them',
  body: z.string(),
  query,
  answer: z.string(),
  mediaType: 'application/jsonl',
  work: true,
  async handle(c, server, { signal }) {
    const task = taskNamed(server.pool, c.req.param('task') ?? '');
    const field = c.req.query('field') ?? null;
    const { body } = c.req.raw;
    if (body === null) throw new HttpError(400, 'invalid_request_error', 'the body has no records');
    const format: FormatOptions = {
      taskType: task.type,
      labels: task.labels.map(({ name }) => name),
      multiLabel: task.multiLabel,
      properties: [],
      input: task.input,
      offsets: 'codepoint',
      passThrough: c.req.query('pass_through') !== 'false',
      fieldNames: [],
      width: 80,
      paint: plain,
    };
    const rows = readers.jsonl.read(
      { file: '-', open: () => body as unknown as AsyncIterable<Uint8Array> },
      {
        encoding: 'utf-8',
        refusesDamage: true,
        maxRecordBytes: server.limits.bodyBytes,
        maxRecordFlag: '--max-body of the server',
        onWarning: () => undefined,
      },
    );
    let read = 0;
    let written = 0;
    let readAll = false;
    async function* records() {
      try {
        for await (const row of rows)
          yield recordOf(row, read++, task.input, field, 'Name the field of the input with ?field=');
      } catch (error) {
        // Here "-" is no standard input.
        throw error instanceof SlmError ? usageError(error.message.replace(/^-:/u, 'the body, line ')) : error;
      }
      readAll = true;
    }
    const encoder = new TextEncoder();
    const predictions = server.pool.predict(task, records(), signal)[Symbol.asyncIterator]();
    // The first one is waited for, so that a task that cannot be opened is an answer of its own and not a cut stream.
    let next = await predictions.next();
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (next.done === true) {
          // However it was ended: a client must not take a part of the results for all of them.
          if (signal.aborted || !readAll || written < read) breakOff(c, controller, 'the request was ended early');
          else controller.close();
          return;
        }
        controller.enqueue(encoder.encode(jsonl.prediction(next.value, format)));
        written++;
        try {
          next = await predictions.next();
        } catch (error) {
          server.log(`${task.name}: ${messageOf(error)}`);
          breakOff(c, controller, messageOf(error));
        }
      },
      async cancel() {
        await predictions.return?.();
      },
    });
    return c.body(stream, 200, { 'Content-Type': 'application/jsonl; charset=utf-8' });
  },
};
