import type { Paint } from './types.js';

const same = (text: string) => text;

/** No colours: for files, pipes and NO_COLOR. */
export const plain: Paint = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  blue: same,
  magenta: same,
  cyan: same,
};
