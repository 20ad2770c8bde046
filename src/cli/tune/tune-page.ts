import type { Taught } from '../../app/tuning/pupil.js';
import type { Tuned } from '../../app/tuning/tune-task.js';
import type { UnwrittenSettings } from '../../profile/write-tuned-settings.js';
import type { TuneResult } from '../../tune/tune.js';
import { pageOf } from '../page/frame.js';
import { type Column, html, type Markup, table } from '../page/markup.js';
import {
  figureCells,
  figureColumns,
  labelSection,
  matrixSection,
  mistakeSection,
  reliabilitySection,
} from '../page/verdict-sections.js';
import { costSection, curveSection } from './search-sections.js';
import { teacherLines } from './teacher-text.js';
import { pText, reasonTaken, searchText, thresholdText, verdictText } from './tune-report.js';

/** The results of tuning as a web page: one file that loads nothing and runs nothing. */
export function tunePage({
  profile,
  result,
  settings,
  taught,
}: Pick<Tuned, 'profile' | 'result' | 'settings' | 'taught'>): string {
  const title = `${settings.task} tuned on ${settings.model}`;
  return pageOf(title, profile.description, [
    summary(result, settings),
    ...(taught === null ? [] : [teacherSection(taught, result)]),
    costSection(result),
    curveSection(result),
    reliabilitySection(profile, result, settings.seed),
    matrixSection(profile, result),
    labelSection(profile, result),
    mistakeSection(result),
    method(result),
  ]);
}

function summary(result: TuneResult, settings: UnwrittenSettings): Markup {
  const { after, before, lexical, beside, p, threshold, search, wins } = result;
  const { metric } = search;
  const columns: Column[] = [{ title: '' }, ...figureColumns(metric.title), { title: 'n', number: true }];
  const rows = [
    ...(before === null ? [] : [['the task as it is', ...figureCells(before), before.n]]),
    ...(lexical === null ? [] : [['without a model', ...figureCells(lexical), lexical.n]]),
    ...(beside === null ? [] : [[beside.title, ...figureCells(beside), beside.n]]),
    ['tuned', ...figureCells(after), after.n],
  ];
  const facts: (readonly [string, string])[] = [
    ['chosen', `${after.title} (${reasonTaken(result)})`],
    ...(before === null || p === null
      ? []
      : [['before and tuned', `${pText(p)} on the same ${before.n} examples`] as const]),
    ...(threshold === null ? [] : [['threshold', thresholdText(threshold)] as const]),
    ['model', `${settings.model}, sha256 ${settings.modelSha256}`],
    ['data', `${settings.data.file}, ${settings.data.n} examples, sha256 ${settings.data.sha256}`],
    ['seed', String(settings.seed)],
  ];
  return html`<p><strong>${verdictText(result, wins ? '' : null)}</strong></p>
${table(`Held-out ${metric.title}`, columns, rows)}${searchText(result).map((line) => html`<p>${line}</p>\n`)}<dl>
${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
`;
}

function teacherSection(taught: Taught, { search: { metric } }: TuneResult): Markup {
  return html`<h2>The teacher</h2>
${teacherLines(taught, metric.title).map((line) => html`<p>${line}</p>\n`)}`;
}

/** How the figures were measured. */
function method({ after, search: { trials } }: TuneResult): Markup {
  return html`<h2>How this was measured</h2>
<p>Held-out: each example was predicted by a model that was fitted without it, in ${after.folds} folds. Intervals are 95 % percentile bootstraps over the examples. The chosen candidate is one of ${trials.length} compared on these very examples, so its figure is a little too good; the fixtures of the task, which tuning never sees, say how good it is: <code>slm eval</code>.</p>
`;
}
