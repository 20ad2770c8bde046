import type { Templates } from '../types.js';

// The template engine drops a line break after a block ({% … %}), not after an expression.
const labelList = `{% for label in labels %}{{ '- ' + label.word + (': ' + label.description if label.description else '') + '\\n' }}{% endfor %}`;
const labelLine = "Label: {{ label }}{{ ' (' + description + ')' if description else '' }}";

/** One label of all. */
export const oneLabel: Templates = {
  instruction: `Choose the label that fits the text.\n${labelList}`,
  base: 'Text: {{ text }}\nLabel:',
  chat: 'Text: {{ text }}\n\nAnswer with the label alone.',
};

/** A question for each label. */
export const eachLabel: Templates = {
  instruction: 'Say whether the label holds for the text.',
  base: `Text: {{ text }}\n${labelLine}\nDoes it hold?`,
  chat: `Text: {{ text }}\n${labelLine}\n\nDoes it hold? Answer yes or no.`,
};
