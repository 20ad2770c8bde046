import { harmless } from '../terminal-text.js';
import type { Writer } from './types.js';

/** The same format for a terminal: nothing of a text acts on it. In a file and a pipe, every byte of a text stays. */
export function forTerminal(writer: Writer): Writer {
  return {
    ...writer,
    start: (options) => harmless(writer.start(options)),
    prediction: (prediction, options) => harmless(writer.prediction(prediction, options)),
    end: (options) => harmless(writer.end(options)),
  };
}
