import type { Figure, Report } from '../evaluate.js';
import type { Paint } from '../formats/index.js';
import { clip, visible } from '../formats/pretty.js';
import { taskTypes } from '../task-types/index.js';
import { harmlessValues } from '../terminal-text.js';
import { type Alignment, tableText } from './table.js';
import { formatBytes } from './ui/quantities.js';

interface TextOptions {
  readonly paint: Paint;
  /** How many mistakes to list. */
  readonly mistakes: number;
  readonly width: number;
}

/** A report for people: what labels, files and texts hold is made harmless before it is painted. */
export function reportText(measured: Report, options: TextOptions): string {
  const report = harmlessValues(measured);
  const { paint } = options;
  const sections = [
    paint.bold(
      `${report.task}: ${report.method} on ${report.model.name}, ${report.data.n} records of ${report.data.source}`,
    ),
    ...amongLines(report),
    figureTable(report),
    ...(report.perClass.length > 0 ? [classTable(report)] : []),
    ...(report.confusion === null ? [] : [confusionTable(report)]),
    ...(report.byTag.length > 0 ? [tagLines(report)] : []),
    ...(report.mistakes.length > 0 && options.mistakes > 0 ? [mistakeLines(report, options)] : []),
    footer(report),
    ...goalLines(report, paint),
  ];
  return `${sections.join('\n')}\n`;
}

function amongLines({ data: { among, leftOut = 0 } }: Report): string[] {
  if (among === undefined) return [];
  const left = leftOut === 0 ? '' : `; ${leftOut} left out, since their gold label is another one`;
  return [`among ${among.join(', ')}${left}`];
}

/** One line a model, for the metrics of the first report. */
export function comparisonText(reports: readonly Report[]): string {
  const figures = reports[0]?.figures ?? [];
  const rows = reports.map((report) => [
    report.model.name,
    ...report.figures.map(withInterval),
    report.speed.recordsPerSecond.toFixed(1),
  ]);
  return `\n${tableText(['model', ...figures.map((figure) => figure.name), 'records/s'], rows, numeric)}`;
}

/** A name, then numbers. */
const numeric: readonly Alignment[] = ['left', 'right'];

function figureTable(report: Report): string {
  const head = ['metric', 'value', '95 % interval', 'n', ...report.baselines.map((baseline) => baseline.title)];
  const rows = report.figures.map((figure, i) => [
    figure.title,
    number(figure.value),
    interval(figure),
    String(figure.n),
    ...report.baselines.map((baseline) => withInterval(baseline.figures[i] as Figure)),
  ]);
  return tableText(head, rows, numeric);
}

function classTable(report: Report): string {
  // Of 77 labels nobody reads all: the worst ones say most.
  const sorted = [...report.perClass].sort((a, b) => (a.f1 ?? 2) - (b.f1 ?? 2));
  const shown = sorted.length > 12 ? sorted.slice(0, 10) : report.perClass;
  const rows = shown.map((row) => [
    row.label,
    number(row.precision),
    number(row.recall),
    number(row.f1),
    String(row.support),
    String(row.predicted),
  ]);
  const left = sorted.length - shown.length;
  const table = tableText(['label', 'precision', 'recall', 'F1', 'gold', 'predicted'], rows, numeric);
  return left > 0 ? `${table}… and ${left} labels that do better; --json has them all\n` : table;
}

function confusionTable({ confusion }: Report): string {
  if (confusion === null || confusion.labels.length > 12) return '';
  const further = [
    { name: 'abstain', counts: confusion.abstained },
    { name: 'error', counts: confusion.failed },
  ].filter((column) => column.counts.some((count) => count > 0));
  const head = ['gold \\ predicted', ...confusion.labels, ...further.map((column) => column.name)];
  const rows = confusion.labels.map((label, i) => [
    label,
    ...(confusion.counts[i] ?? []).map(String),
    ...further.map((column) => String(column.counts[i])),
  ]);
  return tableText(head, rows, numeric);
}

function tagLines(report: Report): string {
  return `by tag: ${report.byTag.map((tag) => `${tag.tag} ${tag.correct}/${tag.n}`).join(', ')}`;
}

function mistakeLines(report: Report, { mistakes, width, paint }: TextOptions): string {
  const shown = report.mistakes.slice(0, mistakes);
  const lines = shown.flatMap((mistake) => {
    const sure = mistake.score === null ? '' : ` (${mistake.score.toFixed(2)})`;
    return [
      `  ${paint.dim(mistake.place)} ${clip(visible(mistake.text), Math.max(30, width - mistake.place.length - 4))}`,
      `    gold ${paint.green(clip(visible(mistake.gold), width))}`,
      `    said ${paint.red(clip(visible(mistake.predicted), width))}${sure}`,
    ];
  });
  return [`surest mistakes, ${shown.length} of ${report.mistakes.length}:`, ...lines].join('\n');
}

function footer({ speed, ungrounded, failed, type }: Report): string {
  const parts = [
    `${speed.recordsPerSecond.toFixed(1)} records a second`,
    `${speed.tokensPerRecord.toFixed(1)} tokens a record`,
    `${formatBytes(speed.peakMemoryBytes)} peak memory`,
  ];
  if (taskTypes[type].isGrounded !== null) parts.push(`${ungrounded} ungrounded`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

function goalLines(report: Report, paint: Paint): string[] {
  return report.goals.map((goal) => {
    const bounds = [
      goal.min === undefined ? '' : `at least ${goal.min}`,
      goal.max === undefined ? '' : `at most ${goal.max}`,
    ].filter((bound) => bound !== '');
    const line = `${goal.passed ? 'passed' : 'FAILED'}: ${goal.name} ${number(goal.value)}, wanted ${bounds.join(' and ')}`;
    return goal.passed ? paint.green(line) : paint.red(line);
  });
}

function withInterval(figure: Figure): string {
  return figure.value === null ? '–' : `${number(figure.value)} [${interval(figure)}]`;
}

function interval(figure: Figure): string {
  return figure.interval === null || figure.value === null
    ? '–'
    : `${number(figure.interval.low)}–${number(figure.interval.high)}`;
}

function number(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}
