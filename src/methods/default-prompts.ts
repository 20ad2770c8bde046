import type { PromptTemplates, TaskType } from '../types.js';

type Templates = Pick<PromptTemplates, 'instruction' | 'base' | 'chat'>;

// The template engine drops a line break after a block ({% … %}), not after an expression.
const labelList = `{% for label in labels %}{{ '- ' + label.word + (': ' + label.description if label.description else '') + '\\n' }}{% endfor %}`;
const labelLine = "Label: {{ label }}{{ ' (' + description + ')' if description else '' }}";

const defaults: Record<TaskType | 'multiLabel' | 'span-scoring', Templates> = {
  classify: {
    instruction: `Choose the label that fits the text.\n${labelList}`,
    base: 'Text: {{ text }}\nLabel:',
    chat: 'Text: {{ text }}\n\nAnswer with the label alone.',
  },
  multiLabel: {
    instruction: 'Say whether the label holds for the text.',
    base: `Text: {{ text }}\n${labelLine}\nDoes it hold?`,
    chat: `Text: {{ text }}\n${labelLine}\n\nDoes it hold? Answer yes or no.`,
  },
  extract: {
    instruction: 'List what the text mentions, in its own words.',
    base: 'Text: {{ text }}\n{{ label }}:',
    chat: 'Text: {{ text }}\n\nList every {{ label }} in it, separated by semicolons, or say none.',
  },
  'span-scoring': {
    instruction: 'Say what each name in the text is.',
    base: 'Text: {{ text }}\nName: {{ span }}\nKind:',
    chat: 'Text: {{ text }}\n\nWhat kind of thing is "{{ span }}"?',
  },
  answer: {
    instruction: 'Answer the question with words of the passage.',
    base: 'Passage: {{ context }}\nQuestion: {{ question }}\nAnswer:',
    chat: 'Passage: {{ context }}\n\nQuestion: {{ question }}\n\nAnswer in a few words of the passage.',
  },
  generate: {
    instruction: '',
    base: 'Input: {{ text }}\nOutput:',
    chat: '{{ text }}',
  },
};

/** Templates for what a profile leaves out, with its own name for the main input. */
export function defaultTemplates(type: TaskType, multiLabel: boolean, method: string, input: string): Templates {
  const chosen =
    type === 'classify' && multiLabel
      ? defaults.multiLabel
      : method === 'span-scoring'
        ? defaults['span-scoring']
        : defaults[type];
  const usual = type === 'answer' ? 'question' : 'text';
  const named = (template: string) => template.replaceAll(`{{ ${usual} }}`, `{{ ${input} }}`);
  return { instruction: chosen.instruction, base: named(chosen.base), chat: named(chosen.chat) };
}
