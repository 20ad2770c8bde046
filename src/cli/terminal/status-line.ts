import { emptyLine } from '../../terminal-text.js';
import type { CliContext } from '../context.js';

export interface StatusLine {
  /** Replaces the line. */
  show(text: string): void;
  clear(): void;
}

const intervalMs = 100;

/** One line on stderr that is overwritten; nothing without a terminal or with --quiet. */
export function createStatusLine(context: CliContext): StatusLine {
  const stream = context.stderr;
  if (stream.isTTY !== true || context.quiet) return { show: () => undefined, clear: () => undefined };
  let shownAt = 0;
  let visible = false;
  return {
    show(text) {
      const now = Date.now();
      if (now - shownAt < intervalMs) return;
      shownAt = now;
      visible = true;
      stream.write(`${emptyLine}${text.slice(0, (stream.columns || 80) - 1)}`);
    },
    clear() {
      if (visible) stream.write(emptyLine);
      visible = false;
    },
  };
}
