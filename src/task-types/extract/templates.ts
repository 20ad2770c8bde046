import type { Templates } from '../types.js';

export const templates: Templates = {
  instruction: 'List what the text mentions, in its own words.',
  base: 'Text: {{ text }}\n{{ label }}:',
  chat: 'Text: {{ text }}\n\nList every {{ label }} in it, separated by semicolons, or say none.',
};
