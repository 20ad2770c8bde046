import { scaleLinear, scaleLog } from 'd3-scale';
import { html, type Markup } from './markup.js';
import { type Box, type LabelPlace, placeLabels, textWidth } from './point-labels.js';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of the interval of y. */
  readonly low?: number;
  readonly high?: number;
  /** Title of a point, shown when it is pointed at. */
  readonly title: string;
  /** A few letters beside it, left out where there is no room for them. */
  readonly mark?: string;
  /** Radius. Defaults to 4. */
  readonly radius?: number;
}

export interface Series {
  readonly name: string;
  readonly colour: 'tuned' | 'before' | 'lexical';
  readonly points: readonly Point[];
  /** Whether a line goes through the points. */
  readonly joined: boolean;
}

export interface Axis {
  readonly title: string;
  readonly low: number;
  readonly high: number;
  readonly format: (value: number) => string;
  /** Whether equal steps are equal factors; then `low` is above 0. */
  readonly log?: boolean;
}

export interface Plot {
  readonly id: string;
  readonly title: string;
  /** Description for people who do not see the plot. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** A line where y = x. */
  readonly diagonal?: boolean;
}

const size = { width: 640, height: 360 };
const area = { left: 62, right: 616, top: 40, bottom: 306 };

/** Room for the marks of points: up to the legend and the edge. */
const markArea: Box = { ...area, top: 24, right: size.width };
const usualRadius = 4;

/** Points with their intervals over two axes, as SVG; a legend where there is more than one series. */
export function plotSvg(plot: Plot): Markup {
  const { id, title, description, x, y, series, diagonal = false } = plot;
  const { toX, toY } = scales(plot);
  const marks = placeMarks(plot);
  return html`<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${title}</title>
<desc id="${id}-text">${description}</desc>
${ticks(y, 5).map(
  (value) =>
    html`<line class="grid" x1="${area.left}" x2="${area.right}" y1="${toY(value)}" y2="${toY(value)}"/><text x="${area.left - 8}" y="${place(toY(value) + 4)}" text-anchor="end">${y.format(value)}</text>
`,
)}${ticks(x, 6).map(
  (value) =>
    html`<line class="axis" x1="${toX(value)}" x2="${toX(value)}" y1="${area.bottom}" y2="${area.bottom + 5}"/><text x="${toX(value)}" y="${area.bottom + 19}" text-anchor="middle">${x.format(value)}</text>
`,
)}<line class="axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}"/>
<text x="${(area.left + area.right) / 2}" y="${size.height - 12}" text-anchor="middle">${x.title}</text>
<text transform="translate(15 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">${y.title}</text>
${diagonal ? diagonalLine(x, y, toX, toY) : null}${series.map((one) => drawn(one, marks, toX, toY))}${series.length > 1 ? legend(series) : null}</svg>
`;
}

/** Whether all marks of a plot find a place. */
export function marksFit(plot: Plot): boolean {
  const marks = placeMarks(plot);
  return plot.series.every(({ points }) => points.every((point) => point.mark === undefined || marks.has(point)));
}

function scales({ x, y }: Plot) {
  return { toX: scale(x, area.left, area.right), toY: scale(y, area.bottom, area.top) };
}

/** The places of the marks that have one. Neither a point nor its interval is covered. */
function placeMarks(plot: Plot): Map<Point, LabelPlace> {
  const { toX, toY } = scales(plot);
  const points = plot.series.flatMap((one) => one.points);
  const marked = points.map(({ x, y, low = y, high = y, mark = '', radius = usualRadius }) => ({
    x: toX(x),
    y: toY(y),
    radius,
    lowest: toY(low),
    highest: toY(high),
    text: mark,
  }));
  const places = placeLabels(marked, markArea);
  return new Map(points.flatMap((point, at) => (places[at] == null ? [] : [[point, places[at]] as const])));
}

function drawn({ colour, points, joined }: Series, marks: Map<Point, LabelPlace>, toX: Scale, toY: Scale): Markup {
  const path = points.map(({ x, y }) => `${toX(x)},${toY(y)}`).join(' ');
  return html`<g class="${colour}">
${joined && points.length > 1 ? html`<polyline points="${path}"/>\n` : null}${points.map((point) => {
  const { x, y, low, high, title, mark, radius = usualRadius } = point;
  const at = marks.get(point);
  return html`<g><title>${title}</title>${
    low === undefined || high === undefined
      ? null
      : html`<line x1="${toX(x)}" x2="${toX(x)}" y1="${toY(low)}" y2="${toY(high)}"/>`
  }<circle cx="${toX(x)}" cy="${toY(y)}" r="${place(radius)}"/>${at === undefined || mark === undefined ? null : html`<text x="${place(at.x)}" y="${place(at.y)}" text-anchor="${at.anchor}">${mark}</text>`}</g>
`;
})}</g>
`;
}

function legend(series: readonly Series[]): Markup[] {
  let left = area.left;
  return series.map(({ name, colour }) => {
    const item = html`<g class="${colour}"><circle cx="${left + 5}" cy="18" r="5"/><text x="${left + 16}" y="22">${name}</text></g>
`;
    left += 36 + textWidth(name);
    return item;
  });
}

function diagonalLine(x: Axis, y: Axis, toX: Scale, toY: Scale): Markup {
  const low = Math.max(x.low, y.low);
  const high = Math.min(x.high, y.high);
  return html`<line class="ideal" x1="${toX(low)}" y1="${toY(low)}" x2="${toX(high)}" y2="${toY(high)}"/>
`;
}

type Scale = (value: number) => number;

function scale(axis: Axis, from: number, to: number): Scale {
  const drawn = scaleOf(axis).range([from, to]);
  return (value) => place(drawn(value));
}

/** Where all values are the same, the axis has room around it. */
function scaleOf({ low, high, log = false }: Axis) {
  return (log ? scaleLog() : scaleLinear()).domain([low, high > low ? high : low + 1]);
}

/** A tenth of a pixel is as good as exact. */
function place(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Round numbers on the axis, about `count` of them. */
export function ticks(axis: Axis, count: number): number[] {
  const drawn = scaleOf(axis);
  const values = drawn.ticks(count);
  if (axis.log !== true || values.length <= 2 * count) return values;
  const label = drawn.tickFormat(count);
  return values.filter((value) => label(value) !== '');
}

/** An axis for shares that has room for all of them: from a tenth below the least to 1. */
export function shareAxis(title: string, values: readonly number[]): Axis {
  const low = Math.max(0, Math.floor(Math.min(1, ...values) * 10 - 0.2) / 10);
  return { title, low: Math.min(low, 0.9), high: 1, format: (value) => value.toFixed(2).replace(/(\.\d)0$/u, '$1') };
}

/** An axis for counts that begins with 0. */
export function countAxis(title: string, values: readonly number[]): Axis {
  const high = Math.max(1, ...values) * 1.04;
  return { title, low: 0, high, format: (value) => value.toLocaleString('en') };
}

/** An axis for times or prices that differ by factors. */
export function costAxis(title: string, values: readonly number[]): Axis {
  const positive = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  return {
    title,
    low: low / 2,
    high: high * 2,
    log: true,
    format: (value) => value.toLocaleString('en', { maximumSignificantDigits: 3 }),
  };
}
