import { z } from 'zod';
import type { ServedTask } from '../app/serving/pool.js';
import { taskTypes } from '../task-types/index.js';

/** A task as an assistant sees it. */
export interface TaskTool {
  readonly name: string;
  readonly description: string;
  /** The fields of a record that it takes. */
  readonly input: z.ZodObject;
}

/** Names of tools have other limits than those of tasks. */
const otherCharacters = /[^\w.-]/gu;

/** The tool of a task. */
export function toolOf(task: ServedTask): TaskTool {
  const { title, readsDocuments, results } = taskTypes[task.type];
  const labels = task.labels.map(({ name, description }) => (description === '' ? name : `${name} (${description})`));
  const sentences = [
    task.description || `A task of ${title}.`,
    labels.length === 0 ? '' : `Labels: ${labels.join(', ')}.`,
    `Gives ${results.names.join(', ')}.`,
  ];
  const passage = z.string().optional().describe("A passage to answer from, instead of the task's own documents");
  return {
    name: task.name.replace(otherCharacters, '_').slice(0, 128),
    description: sentences.filter((sentence) => sentence !== '').join(' '),
    input: z.object({
      [task.input]: z.string().describe(`The ${task.input}`),
      ...(readsDocuments ? { context: passage } : {}),
    }),
  };
}
