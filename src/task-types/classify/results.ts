import type { ClassifyOutput } from '../../types.js';
import { decimals, rounded, shortText } from '../cells.js';
import { labelCell } from '../label-cell.js';
import type { ResultForm } from '../types.js';

const widestLabel = 24;

/** Labels with their probabilities. */
export const results: ResultForm<ClassifyOutput> = {
  names: ['label', 'labels', 'abstained', 'score', 'scores'],
  inputName: null,
  manyRows: false,

  object: ({ labels, abstained, score, scores }, _record, { multiLabel }) => ({
    ...(multiLabel ? { labels } : { label: abstained ? null : (labels[0] ?? null) }),
    ...(abstained ? { abstained } : {}),
    score: rounded(score),
    scores: Object.fromEntries(Object.entries(scores).map(([label, value]) => [label, rounded(value)])),
  }),

  columns: ({ labels, multiLabel }) => [
    multiLabel ? 'labels' : 'label',
    'abstained',
    'score',
    ...labels.map((label) => `score_${label}`),
  ],

  rows({ labels, abstained, score, scores }, _record, task) {
    const each = Object.entries(scores).map(([label, value]) => [`score_${label}`, rounded(value)]);
    const found = { [task.multiLabel ? 'labels' : 'label']: labelCell(labels, task) };
    return [{ ...found, abstained, score: rounded(score), ...Object.fromEntries(each) }];
  },

  lines: ({ labels, abstained, score }, record, task) => [
    [abstained ? 'abstain' : labelCell(labels, task), decimals(score), shortText(record)],
  ],

  failedLine: (record) => ['error', '', shortText(record)],

  pipelineIsList: true,

  pipeline: ({ scores }, _record, { top }) =>
    Object.entries(scores)
      .map(([label, score]) => ({ label, score }))
      .sort((a, b) => b.score - a.score)
      .slice(0, top ?? undefined),

  /** `positive   ████████▎   83 %  What a lovely film` on one line. */
  shown(output, { text }, { labels, multiLabel }, terminal) {
    const { columns, clip, visible, pad, paint } = terminal;
    const room = Math.min(widestLabel, Math.max(...[...labels, 'abstain'].map(columns)));
    const found = output.abstained ? 'abstain' : output.labels.join(', ') || 'none';
    const known = !output.abstained && output.labels.length > 0;
    const label = pad(clip(visible(found), multiLabel ? widestLabel : room), room);
    const color = known ? terminal.labelPaint(output.labels[0] ?? '', labels) : paint.dim;
    const bar = terminal.bar(output.score);
    const head = `${color(label)}  ${color(bar)} ${terminal.percent(output.score).padStart(5)}`;
    const left = terminal.width - columns(label) - columns(bar) - 10;
    return [`${head}  ${clip(visible(text), Math.max(10, left))}`];
  },
};
