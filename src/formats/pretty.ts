import stringWidth from 'string-width';
import { parseJson, stringifyJson } from '../json.js';
import { harmless as withoutControls } from '../terminal-text.js';
import type { AnswerOutput, ClassifyOutput, Entity, ExplanationPart, ExtractOutput, Prediction } from '../types.js';
import { evidenceOf, spansOf } from './fields.js';
import type { FormatOptions, Paint, Writer } from './types.js';

/** For people on a terminal. Its form may change at any time; scripts should read another format. */
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
  switch (output?.type) {
    case undefined:
      return [options.paint.red(clip(visible(`error  ${record.id}: ${error ?? 'no output'}`), options.width))];
    case 'classify':
      return [classification(record.text, output, options)];
    case 'extract':
      return [...extraction(record.text, output, options), ''];
    case 'answer':
      return [...answered(record.text, output, options), ''];
    case 'generate':
      return visibleLines(output.value === undefined ? output.text : stringifyJson(parseJson(output.text), 2));
  }
}

const widestLabel = 24;
const barWidth = 10;

/** `positive   ████████▎   83 %  What a lovely film` on one line. */
function classification(
  text: string,
  output: ClassifyOutput,
  { labels, multiLabel, paint, width }: FormatOptions,
): string {
  const room = Math.min(widestLabel, Math.max(...[...labels, 'abstain'].map((label) => stringWidth(label))));
  const found = output.abstained ? 'abstain' : output.labels.join(', ') || 'none';
  const known = !output.abstained && output.labels.length > 0;
  const shown = pad(clip(visible(found), multiLabel ? widestLabel : room), room);
  const color = known ? labelPaint(output.labels[0] ?? '', labels, paint) : paint.dim;
  const head = `${color(shown)}  ${color(pad(bar(output.score), barWidth))} ${percent(output.score).padStart(5)}`;
  const left = width - stringWidth(shown) - barWidth - 10;
  return `${head}  ${clip(visible(text), Math.max(10, left))}`;
}

/** The text with its entities in brackets, then a list of them. */
function extraction(text: string, { entities }: ExtractOutput, { labels, offsets, paint }: FormatOptions): string[] {
  const marked = markEntities(text, entities, (entity) => labelPaint(entity.label, labels, paint))
    .trimEnd()
    .split('\n');
  if (entities.length === 0) return [...marked, paint.dim('  no entities')];
  const span = spansOf(text, offsets);
  const labelRoom = Math.max(...entities.map(({ label }) => stringWidth(label)));
  const textRoom = Math.min(40, Math.max(...entities.map((entity) => stringWidth(visible(entity.text)))));
  const list = entities.map((entity) => {
    const { start, end } = span(entity);
    const label = labelPaint(entity.label, labels, paint)(pad(visible(entity.label), labelRoom));
    const score = entity.score === undefined ? '' : percent(entity.score).padStart(5);
    return `  ${label}  ${pad(clip(visible(entity.text), textRoom), textRoom)}  ${score}  ${paint.dim(`${start}–${end}`)}`;
  });
  return [...marked, ...list];
}

/** Entities inside or across one that is marked already are left to the list. */
function markEntities(
  text: string,
  entities: readonly Entity[],
  paintOf: (entity: Entity) => (text: string) => string,
): string {
  let marked = '';
  let at = 0;
  for (const entity of entities) {
    const { start, end, label } = entity;
    if (start < at || end > text.length) continue;
    marked += harmless(text.slice(at, start)) + paintOf(entity)(harmless(`[${text.slice(start, end)} ${label}]`));
    at = end;
  }
  return marked + harmless(text.slice(at));
}

function answered(question: string, output: AnswerOutput, { offsets, paint, width }: FormatOptions): string[] {
  const asked = paint.dim(visible(question));
  const evidence = evidenceOf(output, offsets);
  if (output.answer === null) {
    const reason = output.reason === undefined ? '' : `: ${visible(output.reason)}`;
    return [asked, `  ${paint.yellow('no answer')}${reason}`];
  }
  const found = `  ${paint.bold(visible(output.answer))}  ${percent(output.score)}`;
  if (evidence === null) return [asked, found];
  const { source, line, start, end, sentence } = evidence;
  return [
    asked,
    found,
    `  ${paint.dim(clip(visible(sentence), Math.max(10, width - 2)))}`,
    `  ${paint.cyan(`${visible(source)}:${line}`)} ${paint.dim(`${start}–${end}`)}`,
  ];
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

function percent(score: number): string {
  return `${Math.round(score * 100)} %`;
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
