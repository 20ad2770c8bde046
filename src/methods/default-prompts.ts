import { taskTypes } from '../task-types/index.js';
import type { Templates } from '../task-types/types.js';
import type { TaskType } from '../types.js';

/** Of methods that ask otherwise than a task type does. */
const ofMethods: Readonly<Record<string, Templates>> = {
  'span-scoring': {
    instruction: 'Say what each name in the text is.',
    base: 'Text: {{ text }}\nName: {{ span }}\nKind:',
    chat: 'Text: {{ text }}\n\nWhat kind of thing is "{{ span }}"?',
  },
};

/** Templates for what a profile leaves out, with its own name for the main input. */
export function defaultTemplates(type: TaskType, multiLabel: boolean, method: string, input: string): Templates {
  const definition = taskTypes[type];
  const { instruction, base, chat } = ofMethods[method] ?? definition.templates(multiLabel);
  const named = (template: string) => template.replaceAll(`{{ ${definition.input} }}`, `{{ ${input} }}`);
  return { instruction, base: named(base), chat: named(chat) };
}
