import type { Templates } from '../types.js';

export const templates: Templates = {
  instruction: '',
  base: 'Input: {{ text }}\nOutput:',
  chat: '{{ text }}',
};
