import type { Templates } from '../types.js';

export const templates: Templates = {
  instruction: 'Answer the question with words of the passage.',
  base: 'Passage: {{ context }}\nQuestion: {{ question }}\nAnswer:',
  chat: 'Passage: {{ context }}\n\nQuestion: {{ question }}\n\nAnswer in a few words of the passage.',
};
