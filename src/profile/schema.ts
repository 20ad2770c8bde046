import { z } from 'zod';
import { withPlainNumbers } from '../json.js';
import { taskTypes } from '../task-types/index.js';
import type { TaskType } from '../types.js';

/** A name or word of a label; YAML takes `1` and `true` for other things than text. */
const word = z.union([z.string().min(1), z.number(), z.boolean()], 'Expected a text, a number, true or false.');

const label = z.union([
  z.string().describe('What the label means.'),
  z.strictObject({
    description: z.string().default('').describe('What the label means; prompts can use it.'),
    word: word.transform(String).optional().describe('What the model reads and is scored on; the name by default.'),
    aliases: z.array(word.transform(String)).default([]).describe('Other names of this label in labelled data.'),
  }),
]);

const goal = z.union([
  z.number().describe('Smallest value that passes.'),
  z.strictObject({ min: z.number().optional(), max: z.number().optional() }),
]);

/** The keys of a task.yaml. The JSON Schema for editors is generated from this. */
export const profileSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/u, 'lower-case letters, digits and hyphens')
    .describe('The name of the task on the command line.'),
  description: z.string().default('').describe('One sentence: what the task does.'),
  version: z.union([z.string(), z.number()]).default(1).describe('For your own bookkeeping.'),
  include: z.string().optional().describe('A task name or path to inherit from; the keys here override its own.'),
  type: z.enum(Object.keys(taskTypes) as [TaskType, ...TaskType[]]),
  model: z.string().optional().describe('Name, path or URI of the model to prefer.'),
  cascade: z
    .array(z.string().min(1))
    .min(2)
    .optional()
    .describe('Models instead of one, small ones first: each answers what it is sure of and passes on the rest.'),
  input: z.string().min(1).optional().describe('Field of the main input: "text", or "question" for answer.'),
  labels: z
    .union([z.array(word), z.record(z.string().min(1), label)])
    .optional()
    .describe('Labels, with what they mean.'),
  multiLabel: z.boolean().default(false).describe('Whether several labels can hold at once.'),
  labelField: z
    .string()
    .min(1)
    .optional()
    .describe('Field of the right answer in examples and labelled data, where it has another name.'),
  prompt: z
    .strictObject({
      instruction: z.string().optional().describe('Said once. Jinja; `labels` has name, word and description.'),
      base: z
        .string()
        .optional()
        .describe('One record, for base models; ends where the model continues. Jinja over the fields.'),
      chat: z.string().optional().describe('One user turn for chat models. Jinja over the fields.'),
      use: z
        .enum(['auto', 'base', 'chat'])
        .default('auto')
        .describe('Which of the two prompts a model gets; auto: the choice of the method.'),
      variants: z.array(z.string()).optional().describe('Other templates like `base`, which `slm tune` tries.'),
    })
    .prefault({}),
  examples: z
    .union([z.string(), z.array(z.record(z.string(), z.unknown()))])
    .default([])
    .describe('Few-shot and tuning examples: a file beside the task.yaml, or a list.'),
  schema: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .optional()
    .describe('JSON Schema of the output, or its file (generate).'),
  grammar: z.string().optional().describe('GBNF file of the output (generate).'),
  answer: z
    .enum(['span', 'sentences', 'verdict'])
    .optional()
    .describe('What an answer is: a run of words, whole sentences, or yes, no or maybe (answer); instead of `method`.'),
  method: z.string().optional().describe('How the task is done; docs/methods.md lists the methods.'),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .transform((options) => withPlainNumbers(options) as Record<string, unknown>)
    .describe('Options of the method.'),
  threshold: z
    .union([
      z.number().min(0).max(1),
      z.strictObject({
        min: z.number().min(0).max(1).describe('Results that score less are withheld.'),
        below: word.transform(String).default('abstain').describe('The result in their place: "abstain", or a label.'),
      }),
    ])
    .optional(),
  metrics: z.record(z.string(), goal).default({}).describe('Metrics and the values that `slm eval` must reach.'),
  fixtures: z
    .union([z.string(), z.array(z.record(z.string(), z.unknown()))])
    .default([])
    .describe('Test examples; never shown to the model, never tuned on.'),
  documents: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .describe('Files or folders that questions are answered from (answer).'),
});

export type RawProfile = z.infer<typeof profileSchema>;

/** The JSON Schema of a task.yaml, for editors. */
export function profileJsonSchema(): unknown {
  return { ...z.toJSONSchema(profileSchema, { io: 'input' }), title: 'slm task' };
}
