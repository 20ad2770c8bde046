import type { TaskProfile } from '../types.js';
import type { DefaultPrompt } from './types.js';

// The template engine drops a line break after a block ({% … %}), not after an expression.
const labelList = `{% for label in labels %}{{ '- ' + label.word + (': ' + label.description if label.description else '') + '\\n' }}{% endfor %}`;
const labelLine = "Label: {{ label }}{{ ' (' + description + ')' if description else '' }}";

/** Asks for the label that fits. */
const labelPrompt: DefaultPrompt = {
  instruction: `Choose the label that fits the text.\n${labelList}`,
  base: 'Text: {{ text }}\nLabel:',
  chat: 'Text: {{ text }}\n\nAnswer with the label alone.',
  use: 'base',
};

/** Asks whether one label holds. */
export const decisionPrompt: DefaultPrompt = {
  instruction: 'Say whether the label holds for the text.',
  base: `Text: {{ text }}\n${labelLine}\nDoes it hold?`,
  chat: `Text: {{ text }}\n${labelLine}\n\nDoes it hold? Answer yes or no.`,
  use: 'auto',
};

/** Asks for the entities of one label. */
export const entityPrompt: DefaultPrompt = {
  instruction: 'List what the text mentions, in its own words.',
  base: 'Text: {{ text }}\n{{ label }}:',
  chat: 'Text: {{ text }}\n\nList every {{ label }} in it, separated by semicolons, or say none.',
  use: 'base',
};

export function classifyingPrompt({ multiLabel }: Pick<TaskProfile, 'multiLabel'>): DefaultPrompt {
  return multiLabel ? decisionPrompt : labelPrompt;
}
