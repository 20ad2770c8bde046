import { taskTypes } from '../task-types/index.js';
import type { Prediction } from '../types.js';
import { bodyOf } from './body.js';
import { HttpError } from './errors.js';
import { predictAll, taskNamed } from './records.js';
import { type Route, z } from './routes.js';

const asked = z.object({ question: z.string(), context: z.string() });
const request = z.object({
  inputs: z.union([z.string(), z.array(z.string()), asked]),
  parameters: z
    .object({ top_k: z.int().min(1).nullish() })
    .loose()
    .nullish(),
});

const label = z.object({ label: z.string(), score: z.number() });
const entity = z.object({
  entity_group: z.string(),
  score: z.number().nullable(),
  word: z.string(),
  start: z.int(),
  end: z.int(),
});
const found = z.object({ answer: z.string(), score: z.number(), start: z.int(), end: z.int() });

/** `POST /models/TASK`: a task in the shapes of Hugging Face's inference clients. */
export const huggingFace: Route = {
  method: 'post',
  path: '/models/:task',
  summary: 'A task in the shapes of Hugging Face: text classification, token classification, question answering',
  body: request,
  answer: z.union([z.array(z.array(label)), z.array(entity), z.array(z.array(entity)), found, z.array(found)]),
  work: true,
  async handle(c, server, { signal }) {
    const task = taskNamed(server.pool, c.req.param('task') ?? '');
    const { inputs, parameters } = await bodyOf(c, request);
    const several = Array.isArray(inputs);
    const records = several ? inputs : [inputs];
    if (records.length > server.limits.records)
      throw new HttpError(413, 'invalid_request_error', `more than ${server.limits.records} inputs in one request`);
    const predictions = await predictAll(server.pool, task, records, signal);
    const results = predictions.map((prediction) => resultOf(prediction, parameters?.top_k ?? null));
    return c.json(several || taskTypes[task.type].results.pipelineIsList ? results : results[0]);
  },
};

function resultOf({ record, output, error }: Prediction, top: number | null): object {
  if (output === undefined) throw new HttpError(422, 'invalid_request_error', error ?? 'this input has no result');
  return taskTypes[output.type].results.pipeline(output, record, top);
}
