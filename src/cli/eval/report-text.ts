import type { GateResult } from '../../compare/gate.js';
import type { Comparison, Difference, SystemPair } from '../../compare/types.js';
import type { Figure, Mistake, Report, StageReport } from '../../evaluate/report.js';
import type { Paint } from '../../formats/index.js';
import { clip, visible } from '../../formats/pretty.js';
import { harmlessValues } from '../../terminal-text.js';
import { type Alignment, tableText } from '../terminal/table.js';
import { moneyText } from './money-text.js';
import { amongLines, orderLines, type ShownReport, speedLine, surestOf } from './report-lines.js';

interface TextOptions {
  readonly paint: Paint;
  /** How many mistakes to list. */
  readonly mistakes: number;
  readonly width: number;
}

/** A report for people: what labels, files and texts hold is made harmless before it is painted. */
export function reportText(measured: Report, options: TextOptions): string {
  const { paint } = options;
  // Neither all records nor the mistakes that are not shown: of 20,000 records with 77 labels that takes seconds.
  const { records, mistakes, ...shown } = measured;
  const report = harmlessValues({ ...shown, mistakes: mistakes.slice(0, options.mistakes) });
  const sections = [
    paint.bold(
      `${report.task}: ${report.method} on ${report.model.name}, ${report.data.n} records of ${report.data.source}`,
    ),
    ...amongLines(report),
    figureTable(report),
    ...(report.stages === undefined ? [] : [stageTable(report.stages)]),
    ...(report.perClass.length > 0 ? [classTable(report)] : []),
    ...(report.confusion === null ? [] : [confusionTable(report)]),
    ...(surestOf(report).length > 0 ? [coverageLine(report)] : []),
    ...(report.byTag.length > 0 ? [tagLines(report)] : []),
    ...(report.mistakes.length > 0 ? [mistakeLines(report.mistakes, mistakes.length, options)] : []),
    ...orderLines(report),
    speedLine(report),
    ...goalLines(report, paint),
  ];
  return `${sections.join('\n')}\n`;
}

/** All that was compared, a line each, then how each two differ. */
export function comparisonText(measured: Comparison): string {
  const { systems, pairs, metric, n } = harmlessValues(measured);
  const names = systems[0]?.figures.map(({ name }) => name) ?? [];
  const paid = systems.some(({ cost }) => cost.moneyPerThousand !== undefined);
  const rows = systems.map(({ name, figures, latencyMs, cost, onFrontier }) => [
    name,
    ...figures.map(withInterval),
    cost.secondsPerThousand.toFixed(1),
    ...(paid ? [moneyText(cost.moneyPerThousand) ?? 'none'] : []),
    latencyMs.p50.toFixed(0),
    latencyMs.p95.toFixed(0),
    onFrontier ? 'yes' : '',
  ]);
  const head = ['', ...names, 's/1000', ...(paid ? ['money/1000'] : []), 'ms', 'ms p95', 'frontier'];
  if (pairs.length === 0) return '';
  return `\n${tableText(head, rows, numeric)}frontier: no other one has a better ${metric} for the same time or less\n${pairText(pairs, metric, n)}`;
}

function pairText(pairs: readonly SystemPair[], metric: string, n: number): string {
  const rows = pairs.map((pair) => {
    const found = pair.metrics.find(({ name }) => name === metric);
    const p = pairs.length > 1 ? [pValue(found?.p ?? null), pValue(found?.pHolm ?? null)] : [pValue(found?.p ?? null)];
    return [
      `${pair.first} − ${pair.second}`,
      signed(found?.difference ?? null),
      found?.interval ? `${signed(found.interval.low)} to ${signed(found.interval.high)}` : '–',
      ...p,
      String(pair.onlyFirst),
      String(pair.onlySecond),
      `${(100 * pair.agreement).toFixed(1)} %`,
    ];
  });
  const head = ['difference', metric, '95 % interval', 'p', ...(pairs.length > 1 ? ['p (Holm)'] : [])];
  const test = pairs[0]?.metrics.find(({ name }) => name === metric)?.test;
  const how = test === 'mcnemar' ? "McNemar's exact test" : 'paired bootstrap';
  const adjusted = pairs.length > 1 ? `; p (Holm) is adjusted for ${pairs.length} comparisons` : '';
  return `\n${tableText([...head, 'right only in the first', 'only in the second', 'same result'], rows, numeric)}p: ${how} on the same ${n} records${adjusted}\n`;
}

/** Where they say something else. */
export function differenceText(differences: readonly Difference[], { mistakes, width, paint }: TextOptions): string {
  if (mistakes === 0 || differences.length === 0) return '';
  const shown = harmlessValues(differences.slice(0, mistakes));
  const lines = shown.flatMap(({ place, text, gold, said }) => [
    `  ${paint.dim(place)} ${clip(visible(text), Math.max(30, width - place.length - 4))}`,
    `    gold ${paint.green(clip(visible(gold), width))}`,
    ...Object.entries(said).map(([name, { predicted, score, correct }]) => {
      const sure = score === null ? '' : ` (${score.toFixed(2)})`;
      return `    ${name}: ${(correct ? paint.green : paint.red)(clip(visible(predicted), width))}${sure}`;
    }),
  ]);
  return [`where they differ, ${shown.length} of ${differences.length}:`, ...lines, ''].join('\n');
}

export function gateText(gates: readonly GateResult[], paint: Paint): string {
  return harmlessValues(gates)
    .map(({ gate, system, left, right, passed }) => {
      const of = system === null ? '' : ` for ${system}`;
      const line = `${passed ? 'passed' : 'FAILED'}: gate ${gate}${of} (${number(left)} and ${number(right)})\n`;
      return passed ? paint.green(line) : paint.red(line);
    })
    .join('');
}

function signed(value: number | null): string {
  if (value === null) return '–';
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function pValue(p: number | null): string {
  if (p === null) return '–';
  return p < 0.001 ? '<0.001' : p.toFixed(3);
}

/** A name, then numbers. */
const numeric: readonly Alignment[] = ['left', 'right'];

function figureTable(report: ShownReport): string {
  const head = ['metric', 'value', '95 % interval', 'n', ...report.baselines.map((baseline) => baseline.title)];
  const rows = report.figures.map((figure, i) => [
    figure.title,
    number(figure.value),
    interval(figure),
    String(figure.n),
    ...report.baselines.map((baseline) => withInterval(baseline.figures[i] as Figure)),
  ]);
  const chance = report.figures.flatMap(({ title, byChance }) =>
    byChance === undefined ? [] : [`${title} by chance alone, if every probability were right: ${number(byChance)}\n`],
  );
  return tableText(head, rows, numeric) + chance.join('');
}

/** The part of each model of a cascade. */
function stageTable(stages: readonly StageReport[]): string {
  const total = stages.reduce((sum, { answered }) => sum + answered, 0);
  const rows = stages.map(({ model, atLeast, asked, answered, right, seconds }) => [
    model,
    atLeast === null ? 'the rest' : `from ${atLeast.toFixed(4)}`,
    String(asked),
    String(answered),
    `${((100 * answered) / Math.max(1, total)).toFixed(1)} %`,
    answered === 0 ? '–' : number(right / answered),
    seconds.toFixed(1),
  ]);
  const head = ['model', 'answers', 'asked', 'answered', 'share', 'all right', 'seconds'];
  return tableText(head, rows, ['left', 'left', 'right']);
}

function classTable(report: ShownReport): string {
  // Nobody reads 77 labels: the worst ones say most.
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

function confusionTable({ confusion }: ShownReport): string {
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

function coverageLine(report: ShownReport): string {
  const points = surestOf(report).map(
    ({ coverage, threshold, right }) =>
      `${number(right)} of the surest ${(100 * coverage).toFixed(0)} % (from ${threshold.toFixed(3)})`,
  );
  return `right: ${points.join(', ')}`;
}

function tagLines(report: ShownReport): string {
  return `by tag: ${report.byTag.map((tag) => `${tag.tag} ${tag.correct}/${tag.n}`).join(', ')}`;
}

function mistakeLines(shown: readonly Mistake[], all: number, { width, paint }: TextOptions): string {
  const lines = shown.flatMap((mistake) => {
    const sure = mistake.score === null ? '' : ` (${mistake.score.toFixed(2)})`;
    return [
      `  ${paint.dim(mistake.place)} ${clip(visible(mistake.text), Math.max(30, width - mistake.place.length - 4))}`,
      `    gold ${paint.green(clip(visible(mistake.gold), width))}`,
      `    said ${paint.red(clip(visible(mistake.predicted), width))}${sure}`,
    ];
  });
  return [`surest mistakes, ${shown.length} of ${all}:`, ...lines].join('\n');
}

function goalLines(report: ShownReport, paint: Paint): string[] {
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
