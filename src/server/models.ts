import { taskTypes } from '../task-types/index.js';
import { type Route, z } from './routes.js';
import { defaultModelName } from './systemone.js';

/** `GET /v1/models`: the tasks, and the name under which questions without a task are asked. */
export const models: Route = {
  method: 'get',
  path: '/v1/models',
  summary: 'What can be named as a model: the tasks, and "default" for questions that bring their own options',
  answer: z.object({
    object: z.literal('list'),
    // The same as clients of typed decisions read it; when a task was released, nobody says.
    models: z.array(z.object({ name: z.string(), description: z.string(), release_date: z.string() })),
    data: z.array(
      z.object({
        id: z.string(),
        object: z.literal('model'),
        created: z.int(),
        owned_by: z.string(),
        x_type: z.string().optional(),
        x_labels: z.array(z.string()).optional(),
        x_description: z.string().optional(),
        x_input: z.string().optional(),
        x_reads_documents: z.boolean().optional(),
      }),
    ),
  }),
  handle(c, { pool }) {
    const model = (id: string, more: object) => ({ id, object: 'model', created: 0, owned_by: 'slm', ...more });
    const tasks = pool.tasks.map(({ name, type, labels, description, input }) =>
      model(name, {
        x_type: type,
        x_labels: labels.map((label) => label.name),
        x_description: description,
        x_input: input,
        x_reads_documents: taskTypes[type].readsDocuments,
      }),
    );
    const listed = (name: string, description: string) => ({ name, description, release_date: '' });
    return c.json({
      object: 'list',
      data: [...tasks, model(defaultModelName, {})],
      models: [
        ...pool.tasks.map(({ name, description }) => listed(name, description)),
        listed(defaultModelName, 'Questions that bring their own options'),
      ],
    });
  },
};
