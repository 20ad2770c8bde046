import type { Evaluation } from '../../app/evaluating/evaluate-task.js';
import type { Difference } from '../../compare/types.js';
import { pageOf } from '../page/frame.js';
import { html, type Markup } from '../page/markup.js';
import {
  differenceSection,
  figureSection,
  frontierSection,
  gateSection,
  modelSection,
  pairSection,
} from './comparison-sections.js';
import { amongLines } from './report-lines.js';

/** The report as a web page: one file that loads nothing and runs nothing. */
export function evalPage(
  { profile, reports, subjects, comparison, gates }: Evaluation,
  differences: readonly Difference[],
): string {
  // Two files of one name are told apart.
  const names = reports.map(({ model }, at) => subjects[at]?.name ?? model.name);
  const systems = comparison?.systems ?? reports.map(({ figures }, at) => ({ name: names[at] ?? '', figures }));
  const title = names.length === 1 ? `${profile.name} on ${names[0]}` : `${profile.name}: ${names.length} models`;
  return pageOf(title, profile.description, [
    figureSection(systems),
    ...(comparison === null ? [] : [frontierSection(comparison), pairSection(comparison)]),
    gateSection(reports, gates),
    differenceSection(differences),
    ...reports.map((report, at) => modelSection(report, names[at] ?? '')),
    howMeasured(reports, comparison?.n ?? null),
  ]);
}

function howMeasured(reports: Evaluation['reports'], compared: number | null): Markup {
  const [first] = reports;
  const records = compared === null || compared === first?.data.n ? '' : `; ${compared} of them were compared`;
  return html`<h2>How this was measured</h2>
${first === undefined ? null : amongLines(first).map((line) => html`<p>${line}</p>\n`)}<p>On ${first?.data.n ?? 0} records of ${first?.data.source ?? ''}${records}, with the same code that does the task, without the right answers. Records that failed count as wrong. Intervals are 95 % percentile bootstraps over the records, seed ${first?.seed ?? 0}; differences are paired, record by record. Times are of this machine, with what else it had to do.</p>
`;
}
