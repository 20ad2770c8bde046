import type { ServedTask } from '../app/serving/pool.js';
import type { RecordInput } from '../app/serving/predict-all.js';
import { taskTypes } from '../task-types/index.js';
import type { Prediction } from '../types.js';
import { bodyOf } from './body.js';
import { HttpError, huggingFaceErrors } from './errors.js';
import { predictionsFor, taskNamed } from './records.js';
import { type Route, z } from './routes.js';

const asked = z.object({ question: z.string(), context: z.string() });
/** Parameters of Hugging Face's pipelines: those that have a meaning here, and those that change nothing here. */
const parameters = z.strictObject({
  top_k: z.int().min(1).nullish(),
  ignore_labels: z.array(z.string()).nullish(),
  function_to_apply: z.enum(['softmax', 'sigmoid']).nullish(),
  aggregation_strategy: z.enum(['simple', 'first', 'average', 'max']).nullish(),
  handle_impossible_answer: z.boolean().nullish(),
  align_to_words: z.boolean().nullish(),
  stride: z.int().nullish(),
  doc_stride: z.int().nullish(),
  max_seq_len: z.int().nullish(),
  max_question_len: z.int().nullish(),
});
type Parameters = z.infer<typeof parameters>;
const request = z.object({
  inputs: z.union([z.string(), z.array(z.string()), asked, z.array(asked)]),
  parameters: parameters.nullish(),
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
const generated = z.object({ generated_text: z.string() });

/** `POST /models/TASK`: a task in the shapes of Hugging Face's inference clients. */
export const huggingFace: Route = {
  method: 'post',
  path: '/models/:task',
  summary: 'A task in the shapes of Hugging Face: text and token classification, question answering, text generation',
  body: request,
  answer: z.union([
    z.array(z.array(label)),
    z.array(entity),
    z.array(z.array(entity)),
    found,
    z.array(found),
    generated,
    z.array(generated),
  ]),
  work: true,
  errors: huggingFaceErrors,
  async handle(c, server, { signal }) {
    const task = taskNamed(server.pool, c.req.param('task') ?? '');
    const { inputs, parameters } = await bodyOf(c, request);
    checkFunction(task, parameters?.function_to_apply);
    const several = Array.isArray(inputs);
    const records: readonly RecordInput[] = several ? inputs : [inputs];
    if (records.length > server.limits.records)
      throw new HttpError(413, 'invalid_request_error', `more than ${server.limits.records} inputs in one request`);
    const predictions = await predictionsFor(server.pool, task, records, signal);
    const results = predictions.map((prediction) => resultOf(prediction, parameters ?? {}));
    return c.json(several || taskTypes[task.type].results.pipelineIsList ? results : results[0]);
  },
};

function resultOf({ record, output, error }: Prediction, { top_k, ignore_labels }: Parameters): object {
  if (output === undefined) throw new HttpError(422, 'invalid_request_error', error ?? 'this input has no result');
  const ignored = ignore_labels ?? [];
  return taskTypes[output.type].results.pipeline(output, record, { top: top_k ?? null, ignored });
}

/** Scores of one label are compared with the others', those of several are not: a client cannot choose. */
function checkFunction({ name, multiLabel }: ServedTask, wanted: string | null | undefined): void {
  const own = multiLabel ? 'sigmoid' : 'softmax';
  if (wanted != null && wanted !== own)
    throw new HttpError(422, 'invalid_request_error', `function_to_apply: the scores of "${name}" are of "${own}"`);
}
