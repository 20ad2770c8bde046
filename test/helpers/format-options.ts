import { plain } from '../../src/formats/index.js';
import type { FormatOptions } from '../../src/formats/types.js';

/** What a writer of one-label results is told, with `changes`. */
export function formatOptions(changes: Partial<FormatOptions> = {}): FormatOptions {
  return {
    taskType: 'classify',
    labels: ['a'],
    multiLabel: false,
    properties: [],
    input: 'text',
    offsets: 'codepoint',
    passThrough: true,
    fieldNames: [],
    width: 80,
    paint: plain,
    ...changes,
  };
}
