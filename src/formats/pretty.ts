import stringWidth from 'string-width';
import { taskTypes } from '../task-types/index.js';
import type { Terminal } from '../task-types/terminal.js';
import { harmless as withoutControls } from '../terminal-text.js';
import type { ExplanationPart, Prediction } from '../types.js';
import type { FormatOptions, Paint, Writer } from './types.js';

/** Output for people on a terminal. Its form may change at any time; scripts should read another format. */
export const pretty: Writer = {
  name: 'pretty',
  extensions: [],
  hasHeader: false,
  start: () => '',
  prediction(prediction, options) {
    const lines = [...result(prediction, options), ...explained(prediction.explanation ?? [], options.paint)];
    return lines.map((line) => `${line.trimEnd()}\n`).join('');
  },
  end: () => '',
};

function result({ record, output, error }: Prediction, options: FormatOptions): string[] {
  if (output === undefined)
    return [options.paint.red(clip(visible(`error  ${record.id}: ${error ?? 'no output'}`), options.width))];
  return taskTypes[options.taskType].results.shown(output, record, options, terminalFor(options));
}

const barWidth = 10;

function terminalFor({ width, paint }: FormatOptions): Terminal {
  return {
    width,
    paint,
    visible,
    harmless,
    clip,
    pad,
    columns: stringWidth,
    bar: (score) => pad(bar(score), barWidth),
    percent: (score) => `${Math.round(score * 100)} %`,
    labelPaint: (label, labels) => labelPaint(label, labels, paint),
  };
}

function explained(parts: readonly ExplanationPart[], paint: Paint): string[] {
  const sections = parts.flatMap(({ title, body }) => [
    `  ${paint.bold(visible(title))}`,
    ...visibleLines(body).map((line) => `    ${line}`),
  ]);
  return sections.length === 0 ? [] : [...sections, ''];
}

const colors = ['cyan', 'magenta', 'yellow', 'blue', 'green'] as const;

/** A label keeps its colour: it depends on its place among the task's labels only. */
function labelPaint(label: string, labels: readonly string[], paint: Paint): (text: string) => string {
  const color = colors[Math.max(0, labels.indexOf(label)) % colors.length] ?? 'cyan';
  return paint[color];
}

/** A bar of eighths of a cell. */
function bar(score: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, score)) * barWidth * 8);
  return '█'.repeat(eighths >> 3) + ' ▏▎▍▌▋▊▉'.charAt(eighths & 7).trim();
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The text in at most `width` columns, with `…` where it was cut. Never cuts a character apart. */
export function clip(text: string, width: number): string {
  // Even the narrowest visible characters fill the line after `width` of them.
  const start = text.slice(0, width * 16);
  if (start.length === text.length && stringWidth(text) <= width) return text;
  let clipped = '';
  let columns = 0;
  for (const { segment } of graphemes.segment(start)) {
    columns += stringWidth(segment);
    if (columns > width - 1) break;
    clipped += segment;
  }
  return `${clipped.trimEnd()}…`;
}

/** One line without anything that acts on a terminal: white space becomes a blank, control characters visible. */
export function visible(text: string): string {
  return harmless(text.replace(/\s+/gu, ' ').trim());
}

function visibleLines(text: string): string[] {
  return harmless(text.trimEnd()).split('\n');
}

/** White space of a fixed width, for columns. */
function harmless(text: string): string {
  return withoutControls(text).replaceAll('\t', '  ');
}
