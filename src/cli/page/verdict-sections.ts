import { mistakesOf } from '../../evaluate/records.js';
import type { Mistake } from '../../evaluate/report.js';
import { bootstrapIntervals, type Interval } from '../../metrics/bootstrap.js';
import { type ClassRow, perClass } from '../../metrics/per-class.js';
import type { ConfusionMatrix } from '../../metrics/types.js';
import { taskTypes } from '../../task-types/index.js';
import { metricsFor } from '../../task-types/metrics.js';
import { pairsOf, prepare } from '../../tune/measure.js';
import type { TuneResult } from '../../tune/tune.js';
import type { Pair, TaskProfile } from '../../types.js';
import { type Column, html, type Markup, table } from './markup.js';
import { plotSvg } from './plot.js';

/** More labels than this make no matrix that can be read: the most frequent confusions are listed instead. */
const mostLabels = 15;
const mostConfusions = 20;
const mostMistakes = 20;
/** Characters of a text in the list of mistakes. */
const longestText = 600;

export function figureColumns(title: string): Column[] {
  return [
    { title, number: true },
    { title: '95 %', number: true },
  ];
}

export function figureCells({ score, interval }: { score: number; interval: Interval | null }): [string, string] {
  return [score.toFixed(3), interval === null ? '–' : `${interval.low.toFixed(3)}–${interval.high.toFixed(3)}`];
}

/** The section that shows whether a score of 0.8 is right in 80 % of the cases. */
export function reliabilitySection(profile: TaskProfile, { after }: TuneResult, seed: number): Markup | null {
  const ece = metricsFor(profile.type, profile.multiLabel).find(({ name }) => name === 'ece');
  const bins = taskTypes[profile.type].reliability(pairsOf(after.examples, after.outputs), profile.multiLabel);
  if (ece === undefined || bins === null) return null;
  const prepared = prepare(profile, after.examples, after.outputs, ece);
  const [interval = null] = bootstrapIntervals([prepared], { seed });
  const [value, range] = figureCells({ score: prepared.value() ?? 0, interval });
  const points = bins.flatMap(({ n, confidence, accuracy, low, high }) =>
    confidence === null || accuracy === null
      ? []
      : [
          {
            x: confidence,
            y: accuracy,
            title: `scores from ${low.toFixed(2)} to ${high.toFixed(2)}: ${(accuracy * 100).toFixed(0)} % of ${n} right`,
            radius: 3 + 12 * Math.sqrt(n / after.n),
          },
        ],
  );
  const share = (title: string) => ({ title, low: 0, high: 1, format: (at: number) => at.toFixed(1) });
  return html`<h2>Can the scores be trusted?</h2>
${plotSvg({
  id: 'reliability',
  title: 'Reliability of the scores',
  description: `Share that is right by the score of the best label, ${after.n} held-out examples. On the dashed line, scores equal the share that is right.`,
  x: share('score of the best label'),
  y: share('share that is right'),
  series: [{ name: 'held-out', colour: 'tuned', joined: false, points }],
  diagonal: true,
})}<p>Calibration error (ECE) ${value}, 95 % interval ${range}. The larger a dot, the more examples. By chance alone, if every score were right, it would be ${(prepared.byChance() ?? 0).toFixed(3)}. ${
    after.layers > 0 && after.key.startsWith('classifier')
      ? 'The temperature of the scores was fitted on these same held-out scores.'
      : null
  }</p>
${table(
  'By score',
  [
    { title: 'scores' },
    { title: 'n', number: true },
    { title: 'mean score', number: true },
    { title: 'share right', number: true },
  ],
  bins
    .filter(({ n }) => n > 0)
    .map(({ low, high, n, confidence, accuracy }) => [
      `${low.toFixed(2)}–${high.toFixed(2)}`,
      n,
      figure(confidence),
      figure(accuracy),
    ]),
)}`;
}

/** The examples that both were measured on: only those compare. */
function compared({ after, before }: TuneResult) {
  return before === null
    ? { examples: after.examples, tuned: after.outputs }
    : { examples: before.examples, tuned: before.tuned.outputs };
}

/** Which labels are taken for which, before and after. */
export function matrixSection(profile: TaskProfile, result: TuneResult): Markup | null {
  const { before } = result;
  const labels = profile.labels.map(({ name }) => name);
  const { examples, tuned } = compared(result);
  const sides = [
    ...(before === null ? [] : [{ title: 'Before', outputs: before.outputs }]),
    { title: 'Tuned', outputs: tuned },
  ];
  const { confusion } = taskTypes[profile.type];
  const matrices = sides.flatMap(({ title, outputs }) => {
    const matrix = confusion(pairsOf(examples, outputs), labels, profile.multiLabel);
    return matrix === null ? [] : [{ title, matrix }];
  });
  if (matrices.length === 0) return null;
  return html`<h2>Confusions</h2>
<p>${examples.length} held-out examples.</p>
<div class="pair">
${matrices.map(({ title, matrix }) => confusionMarkup(title, matrix))}</div>
`;
}

/** All counts, or with many labels the most frequent confusions. */
export function confusionMarkup(title: string, matrix: ConfusionMatrix): Markup {
  return matrix.labels.length > mostLabels ? confusionList(title, matrix) : confusionTable(title, matrix);
}

function confusionTable(title: string, { labels, counts, abstained, failed }: ConfusionMatrix): Markup {
  const further = [
    { name: 'abstained', counts: abstained },
    { name: 'failed', counts: failed },
  ].filter((column) => column.counts.some((count) => count > 0));
  const rows = labels.map((label, gold) => {
    const cells = [...(counts[gold] ?? []), ...further.map((column) => column.counts[gold] ?? 0)];
    const total = cells.reduce((sum, count) => sum + count, 0);
    return [
      label,
      ...cells.map(
        (count, at) =>
          html`<span class="cell${at === gold ? ' right' : null}" style="--share:${total === 0 ? 0 : (count / total).toFixed(2)}">${count}</span>`,
      ),
    ];
  });
  return table(
    `${title}: gold in rows, predicted in columns`,
    [{ title: '' }, ...[...labels, ...further.map(({ name }) => name)].map((name) => ({ title: name, number: true }))],
    rows,
  );
}

function confusionList(title: string, { labels, counts }: ConfusionMatrix): Markup {
  const confused = counts
    .flatMap((row, gold) => row.map((count, said) => ({ gold, said, count })))
    .filter(({ gold, said, count }) => gold !== said && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, mostConfusions);
  return table(
    `${title}: the most frequent confusions`,
    [{ title: 'gold' }, { title: 'predicted' }, { title: 'how often', number: true }],
    confused.map(({ gold, said, count }) => [labels[gold] as string, labels[said] as string, count]),
  );
}

/** Precision and recall of each label, before and after. */
export function labelSection(profile: TaskProfile, result: TuneResult): Markup | null {
  const { before } = result;
  const { examples, tuned } = compared(result);
  const { countsByLabel } = taskTypes[profile.type];
  if (countsByLabel === null) return null;
  const labels = profile.labels.map(({ name }) => name);
  const now = perClass(countsByLabel(pairsOf(examples, tuned)), labels);
  const earlier = before === null ? null : perClass(countsByLabel(pairsOf(examples, before.outputs)), labels);
  const was = (label: string): ClassRow | undefined => earlier?.find((row) => row.label === label);
  const measures = ['precision', 'recall', 'f1'] as const;
  const columns: Column[] = [
    { title: 'label' },
    { title: 'gold', number: true },
    ...measures.flatMap((measure) => {
      const title = measure === 'f1' ? 'F1' : measure;
      return earlier === null
        ? [{ title, number: true }]
        : [
            { title: `${title} before`, number: true },
            { title: `${title} tuned`, number: true },
          ];
    }),
  ];
  const rows = now.map((row) => [
    row.label,
    row.support,
    ...measures.flatMap((measure) =>
      earlier === null ? [figure(row[measure])] : [figure(was(row.label)?.[measure] ?? null), figure(row[measure])],
    ),
  ]);
  return html`<h2>Label by label</h2>
${table(`Held-out, ${examples.length} examples; – where a label was never predicted or is never gold`, columns, rows)}`;
}

/** The surest mistakes say most about the method, and about the labels of the data. */
export function mistakeSection({ after }: TuneResult): Markup {
  const pairs: readonly Pair[] = pairsOf(after.examples, after.outputs);
  const all = mistakesOf(after.examples, pairs);
  if (all.length === 0) return html`<h2>Mistakes</h2>\n<p>None on ${after.n} held-out examples.</p>\n`;
  return html`<h2>The surest mistakes</h2>
<p>Read these first: some may be wrong labels in the data.</p>
${mistakeTable('held-out mistakes', all)}`;
}

/** The first of a list of mistakes. @param what they are, such as `mistakes` */
export function mistakeTable(what: string, all: readonly Mistake[]): Markup {
  const shown = all.slice(0, mostMistakes);
  return table(
    `${shown.length} of ${all.length} ${what}, the surest first`,
    [
      { title: 'where' },
      { title: 'score', number: true },
      ...['gold', 'predicted', 'text'].map((title) => ({ title, long: true })),
    ],
    shown.map(({ place, score, gold, predicted, text }) => [
      place,
      figure(score),
      html`<span class="gold">${clipped(gold)}</span>`,
      html`<span class="said">${clipped(predicted)}</span>`,
      clipped(text),
    ]),
  );
}

/** Cut between characters, not inside of one. */
export function clipped(text: string): string {
  return text.length <= longestText ? text : `${[...text.slice(0, longestText)].slice(0, -1).join('')}…`;
}

export function figure(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}
