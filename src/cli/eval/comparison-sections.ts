import type { GateResult } from '../../compare/gate.js';
import type { Comparison, Difference, System } from '../../compare/types.js';
import type { Figure, Report } from '../../evaluate/report.js';
import { html, type Markup, table } from '../page/markup.js';
import { costAxis, marksFit, type Plot, plotSvg, type Series, shareAxis } from '../page/plot.js';
import { clipped, confusionMarkup, figure, mistakeTable } from '../page/verdict-sections.js';
import { moneyText } from './money-text.js';
import { orderLines, speedLine, surestOf } from './report-lines.js';

/** More differences than this are a file for a program, not a page for people. */
const mostDifferences = 50;

/** Every metric of every system. */
export function figureSection(systems: readonly { readonly name: string; readonly figures: readonly Figure[] }[]) {
  const figures = systems[0]?.figures ?? [];
  const title = ({ title, better }: Figure) => `${title}${better === 'lower' ? ' (lower is better)' : ''}`;
  return html`<h2>Quality</h2>
${table(
  'Values with their 95 % intervals',
  [{ title: '' }, ...figures.map((one) => ({ title: title(one), number: true }))],
  systems.map((system) => [system.name, ...system.figures.map(figureMarkup)]),
)}`;
}

function figureMarkup({ value, interval, byChance }: Figure): Markup {
  const range = interval === null || value === null ? null : `${figure(interval.low)}–${figure(interval.high)}`;
  const beside = [
    ...(range === null ? [] : [range]),
    ...(byChance === undefined ? [] : [`${figure(byChance)} by chance`]),
  ];
  return html`${figure(value)}${beside.map((text) => html`<br><span class="quiet">${text}</span>`)}`;
}

/** Quality against time, with a line through what nothing cheaper beats. */
export function frontierSection({ systems, metric, n }: Comparison): Markup | null {
  const points = systems.flatMap((system) => {
    const found = system.figures.find(({ name }) => name === metric);
    return found === undefined || found.value === null ? [] : [{ system, found, value: found.value }];
  });
  const [first] = points;
  if (first === undefined || points.length < 2) return null;
  const plot = (mark: (at: number) => string): Plot => {
    const drawn = ({ system, found, value }: (typeof points)[number], at: number) => ({
      onFrontier: system.onFrontier,
      x: system.cost.secondsPerThousand,
      y: value,
      ...(found.interval === null ? {} : { low: found.interval.low, high: found.interval.high }),
      title: `${system.name}: ${figure(value)}, ${seconds(system)} s for 1,000 records`,
      mark: mark(at),
      radius: 5,
    });
    const all = points.map(drawn);
    const frontier = all.filter(({ onFrontier }) => onFrontier).sort((a, b) => a.x - b.x);
    const beaten = all.filter(({ onFrontier }) => !onFrontier);
    const series: Series[] = [
      { name: 'on the frontier', colour: 'tuned', joined: true, points: frontier },
      { name: 'not on the frontier', colour: 'before', joined: false, points: beaten },
    ];
    return {
      id: 'frontier',
      title: `${title} against time`,
      description: `${title} of ${points.length} systems on ${n} records, and the seconds that they take for 1,000. The table below has all numbers.`,
      x: costAxis(
        'seconds for 1,000 records (each step to the right multiplies)',
        points.map(({ system }) => system.cost.secondsPerThousand),
      ),
      y: shareAxis(
        title,
        points.map(({ found, value }) => found.interval?.low ?? value),
      ),
      series: series.filter((one) => one.points.length > 0),
    };
  };
  const { title } = first.found;
  const named = plot((at) => points[at]?.system.name ?? '');
  // Long names, and points close to each other, leave no room for all names.
  const numbered = !marksFit(named);
  return html`<h2>Quality against cost</h2>
${plotSvg(numbered ? plot((at) => String(at + 1)) : named)}${table(
  `Cost of a record on this machine, with the others under way${numbered ? '; the numbers are those of the picture' : ''}`,
  [
    { title: '' },
    { title, number: true },
    { title: 'seconds for 1,000', number: true },
    { title: 'price of 1,000', number: true },
    { title: 'ms, the middle record', number: true },
    { title: 'ms, 95 % stay below', number: true },
    { title: 'on the frontier' },
  ],
  points.map(({ system, value }, at) => [
    numbered ? `${at + 1}. ${system.name}` : system.name,
    figure(value),
    seconds(system),
    price(system),
    system.latencyMs.p50.toFixed(0),
    system.latencyMs.p95.toFixed(0),
    system.onFrontier ? 'yes' : '',
  ]),
)}`;
}

function seconds({ cost }: System): string {
  return cost.secondsPerThousand.toFixed(1);
}

function price({ cost: { moneyPerThousand: money } }: System): string {
  return moneyText(money) ?? 'none';
}

/** How each two differ. */
export function pairSection({ pairs, metric, n }: Comparison): Markup | null {
  if (pairs.length === 0) return null;
  const rows = pairs.map((pair) => {
    const found = pair.metrics.find(({ name }) => name === metric);
    const interval = found?.interval ?? null;
    return [
      `${pair.first} − ${pair.second}`,
      signed(found?.difference ?? null),
      interval === null ? '–' : `${signed(interval.low)} to ${signed(interval.high)}`,
      pText(found?.p ?? null),
      pText(found?.pHolm ?? null),
      pair.onlyFirst,
      pair.onlySecond,
      pair.both,
      pair.neither,
      `${(100 * pair.agreement).toFixed(1)} %`,
    ];
  });
  const exact = pairs[0]?.metrics.find(({ name }) => name === metric)?.test === 'mcnemar';
  const test = exact ? "McNemar's exact test" : 'a bootstrap that draws the same records for both';
  return html`<h2>Do they differ?</h2>
${table(
  `Difference in ${metric} on the same ${n} records`,
  [
    { title: 'difference' },
    { title: metric, number: true },
    { title: '95 %', number: true },
    { title: 'p', number: true },
    { title: 'p, Holm', number: true },
    { title: 'right only in the first', number: true },
    { title: 'only in the second', number: true },
    { title: 'in both', number: true },
    { title: 'in neither', number: true },
    { title: 'same result', number: true },
  ],
  rows,
)}<p>p is the probability of a difference like that or a larger one if there were none, by ${test}; the second is adjusted for ${pairs.length} ${pairs.length === 1 ? 'comparison' : 'comparisons'} (Holm).</p>
`;
}

function signed(value: number | null): string {
  if (value === null) return '–';
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function pText(p: number | null): string {
  if (p === null) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Goals of the task and gates of the command line. */
export function gateSection(reports: readonly Report[], gates: readonly GateResult[]): Markup | null {
  const goals = reports.flatMap(({ model, goals }) =>
    goals.map(({ name, min, max, value, passed }) => {
      const bounds = [min === undefined ? [] : [`at least ${min}`], max === undefined ? [] : [`at most ${max}`]];
      return [`${name} ${bounds.flat().join(' and ')}`, model.name, figure(value), verdict(passed)];
    }),
  );
  const rows = gates.map(({ gate, system, left, right, passed }) => [
    gate,
    system ?? '',
    `${figure(left)} and ${figure(right)}`,
    verdict(passed),
  ]);
  if (goals.length + rows.length === 0) return null;
  const columns = [{ title: 'wanted' }, { title: 'of' }, { title: 'found', number: true }, { title: '' }];
  return html`<h2>Goals and gates</h2>
${table('Required values', columns, [...goals, ...rows])}`;
}

function verdict(passed: boolean): Markup {
  return passed ? html`<span class="gold">passed</span>` : html`<span class="said">failed</span>`;
}

/** Records on which they say something else. */
export function differenceSection(differences: readonly Difference[]): Markup | null {
  if (differences.length === 0) return null;
  const shown = differences.slice(0, mostDifferences);
  const names = Object.keys(shown[0]?.said ?? {});
  return html`<h2>Where they differ</h2>
${table(
  `${shown.length} of ${differences.length} records with different results, those that one has right first; --differences writes them all`,
  [{ title: 'where' }, ...['gold', ...names, 'text'].map((title) => ({ title, long: true }))],
  shown.map(({ place, gold, said, text }) => [
    place,
    clipped(gold),
    ...names.map((name) => {
      const one = said[name];
      if (one === undefined) return '';
      const sure = one.score === null ? '' : ` (${one.score.toFixed(2)})`;
      return html`<span class="${one.correct ? 'gold' : 'said'}"><bdi>${clipped(one.predicted)}</bdi>${sure}</span>`;
    }),
    clipped(text),
  ]),
)}`;
}

/** The sections about one model: speed, baselines, labels, tags, confusions, mistakes. */
export function modelSection(report: Report, name: string): Markup {
  const surest = surestOf(report);
  const { model, method, figures, baselines, perClass, byTag, confusion, mistakes, stages } = report;
  return html`<h2>${name}</h2>
<p class="quiet">${method}${model.sha256 === null ? null : `, sha256 ${model.sha256}`}; ${speedLine(report)}</p>
${orderLines(report).map((line) => html`<p>${line}</p>\n`)}${
  stages === undefined
    ? null
    : table(
        'The models of the cascade',
        [
          { title: '' },
          { title: 'answers' },
          ...['asked', 'answered', 'share all right', 'seconds'].map((title) => ({ title, number: true })),
        ],
        stages.map(({ model: name, atLeast, asked, answered, right, seconds: time }) => [
          name,
          atLeast === null ? 'the rest' : `from a certainty of ${atLeast.toFixed(4)}`,
          asked,
          answered,
          answered === 0 ? '–' : figure(right / answered),
          time.toFixed(1),
        ]),
      )
}${
  baselines.length === 0
    ? null
    : table(
        'Baselines without a language model, learned from the examples of the task',
        [{ title: '' }, ...figures.map(({ title }) => ({ title, number: true }))],
        [
          [name, ...figures.map(figureMarkup)],
          ...baselines.map((baseline) => [baseline.title, ...baseline.figures.map(figureMarkup)]),
        ],
      )
}${
  surest.length === 0
    ? null
    : table(
        'Share of right results among the surest ones',
        ['records that get a result', 'score from', 'share right'].map((title) => ({ title, number: true })),
        surest.map(({ coverage, threshold, right }) => [
          `${(100 * coverage).toFixed(0)} %`,
          figure(threshold),
          figure(right),
        ]),
      )
}${
  perClass.length === 0
    ? null
    : table(
        'Label by label; – where a label was never predicted or is never gold',
        [
          { title: 'label' },
          ...['gold', 'predicted', 'precision', 'recall', 'F1'].map((title) => ({ title, number: true })),
        ],
        perClass.map((row) => [
          row.label,
          row.support,
          row.predicted,
          figure(row.precision),
          figure(row.recall),
          figure(row.f1),
        ]),
      )
}${
  byTag.length === 0
    ? null
    : table(
        'Records that are entirely right, by tag',
        [{ title: 'tag' }, ...['right', 'of', 'share'].map((title) => ({ title, number: true }))],
        byTag.map(({ tag, n, correct }) => [tag, correct, n, figure(correct / n)]),
      )
}${confusion === null ? null : confusionMarkup('Confusion matrix', confusion)}${
  mistakes.length === 0 ? html`<p>No mistakes.</p>\n` : mistakeTable('mistakes', mistakes)
}`;
}
