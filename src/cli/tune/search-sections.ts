import type { Trial } from '../../methods/candidates/types.js';
import { costOf } from '../../tune/cost.js';
import type { TuneResult } from '../../tune/tune.js';
import { type Column, html, type Markup, table } from '../page/markup.js';
import { countAxis, type Point, plotSvg, type Series, shareAxis } from '../page/plot.js';
import { figureCells, figureColumns } from '../page/verdict-sections.js';

/** Every way that was tried, and what it costs. */
export function costSection({ search, after }: TuneResult): Markup {
  const { trials, best, metric } = search;
  const columns: Column[] = [
    { title: 'candidate' },
    ...figureColumns(metric.title),
    { title: 'n', number: true },
    { title: 'tokens a record', number: true },
    { title: 'layers', number: true },
    { title: '' },
  ];
  const remark = ({ key }: Trial) =>
    [key === after.key ? 'chosen' : '', key === best.key ? 'best' : ''].filter((word) => word !== '').join(', ');
  const rows = trials.map((trial) => [
    trial.title,
    ...figureCells(trial),
    trial.n,
    trial.tokensPerRecord.toFixed(0),
    trial.layers,
    remark(trial),
  ]);
  // Trials on fewer examples dropped out earlier; their figures are not comparable.
  const comparable = trials.filter(({ n }) => n === after.n);
  const point = (trial: Trial): Point => ({
    x: costOf(trial),
    y: trial.score,
    ...ends(trial),
    title: `${trial.title}: ${trial.score.toFixed(3)}`,
    ...(trial.layers === 0 ? { mark: 'no model' } : remark(trial) === '' ? {} : { mark: remark(trial) }),
  });
  const series: Series[] = [
    {
      name: 'others',
      colour: 'before',
      joined: false,
      points: comparable.filter(({ key, layers }) => key !== after.key && layers > 0).map(point),
    },
    {
      name: 'without a model',
      colour: 'lexical',
      joined: false,
      points: comparable.filter(({ layers }) => layers === 0).map(point),
    },
    { name: 'chosen', colour: 'tuned', joined: false, points: [point(after)] },
  ];
  return html`<h2>What was tried</h2>
${plotSvg({
  id: 'cost',
  title: `${metric.title} against cost`,
  description: `${comparable.length} candidates measured on ${after.n} examples. The chosen one reaches ${after.score.toFixed(3)} at a cost of ${Math.round(costOf(after))}. The table below has all numbers.`,
  x: countAxis('cost of a record: tokens × layers', comparable.map(costOf)),
  y: shareAxis(metric.title, comparable.flatMap(lowestOf)),
  series: series.filter(({ points }) => points.length > 0),
})}${table('The last measurement of each candidate, best first', columns, rows)}`;
}

function ends({ interval }: Trial): { low?: number; high?: number } {
  return interval === null ? {} : { low: interval.low, high: interval.high };
}

function lowestOf({ score, interval }: Trial): number {
  return interval?.low ?? score;
}

/** The section that shows whether more examples help. */
export function curveSection({ search: { metric }, curves, after }: TuneResult): Markup | null {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return null;
  const isTaken = (at: number) => curves[at]?.points.some(({ key }) => key === after.key) === true;
  const columns: Column[] = [{ title: 'candidate' }, { title: 'n', number: true }, ...figureColumns(metric.title)];
  const series = curves.map(
    (curve, at): Series => ({
      name: isTaken(at) ? 'tuned' : 'without a model',
      colour: isTaken(at) ? 'tuned' : 'lexical',
      joined: true,
      points: curve.points.map((trial) => ({
        x: trial.n,
        y: trial.score,
        ...ends(trial),
        title: `${trial.n} examples: ${trial.score.toFixed(3)}`,
      })),
    }),
  );
  return html`<h2>Does more data help?</h2>
${plotSvg({
  id: 'curve',
  title: `${metric.title} with more and more examples`,
  description: `Held-out ${metric.title} by the number of examples, learned from and measured on. The table below has all numbers.`,
  x: countAxis(
    'examples',
    points.map(({ n }) => n),
  ),
  y: shareAxis(metric.title, points.flatMap(lowestOf)),
  series,
})}<p>${verdict(metric.title, curves, after)}</p>
${table(
  `Held-out ${metric.title} on the first n examples`,
  columns,
  curves.flatMap((curve) => curve.points.map((trial) => [curve.title, trial.n, ...figureCells(trial)])),
)}`;
}

/** The conclusion from the last step of the curve, within its intervals. */
function verdict(title: string, curves: TuneResult['curves'], after: Trial): string {
  const points = curves.find((curve) => curve.points.some(({ key }) => key === after.key))?.points ?? [];
  const last = points.at(-1);
  const before = points.at(-2);
  if (last === undefined || before === undefined) {
    return `Measured on ${after.n} examples only: too few to show whether more would help.`;
  }
  const gained = last.score - before.score;
  const apart = before.interval !== null && last.interval !== null && before.interval.high < last.interval.low;
  const step = `From ${before.n} to ${last.n} examples, ${title} went from ${before.score.toFixed(3)} to ${last.score.toFixed(3)}`;
  if (apart) return `${step}: more examples are likely to help.`;
  return gained > 0
    ? `${step}. The intervals overlap: more examples may help.`
    : `${step}: nothing here says that more examples of the same kind would help.`;
}
