import type { Taught } from '../../app/tuning/pupil.js';
import type { Trial } from '../../methods/candidates/types.js';
import { formatDuration } from '../../quantities.js';
import { shownObjective } from '../../tune/objective.js';
import type { ChosenThreshold } from '../../tune/threshold.js';
import type { TuneResult } from '../../tune/tune.js';
import type { TaskProfile } from '../../types.js';
import { tableText } from '../terminal/table.js';
import { teacherLines } from './teacher-text.js';

/** The report of tuning for people: trials, before and after, and the next step. */
export function tuneReportText(
  profile: TaskProfile,
  result: TuneResult,
  file: string | null,
  taught: Taught | null = null,
): string {
  const { after, before, lexical, beside, p, threshold, search, wins } = result;
  const { metric, objective } = search;
  const finer = objective !== metric;
  const trials = tableText(
    [
      'TRIAL',
      metric.title.toUpperCase(),
      '95 % INTERVAL',
      'N',
      ...(finer ? [objective.title.toUpperCase()] : []),
      'TOKENS A RECORD',
    ],
    search.trials.map((trial) => [
      `${trial.title}${trial.key === search.chosen.key ? ' *' : ''}`,
      ...figureCells(trial),
      String(trial.n),
      ...(finer ? [shownObjective(objective, trial).toFixed(3)] : []),
      trial.tokensPerRecord.toFixed(0),
    ]),
    ['left', 'right', 'left', 'right', 'right', 'right'],
  );
  const comparison = tableText(
    ['', metric.title.toUpperCase(), '95 % INTERVAL', 'N'],
    [
      ...(before === null
        ? []
        : [
            ['the task as it is', ...figureCells(before), String(before.n)],
            ...(before.n === after.n ? [] : [['tuned, on the same', ...figureCells(before.tuned), String(before.n)]]),
          ]),
      ...(lexical === null ? [] : [['without a model', ...figureCells(lexical), String(lexical.n)]]),
      ...(beside === null ? [] : [[beside.title, ...figureCells(beside), String(beside.n)]]),
      ['tuned', ...figureCells(after), String(after.n)],
    ],
    ['left', 'right', 'left', 'right'],
  );
  const lines = [
    verdictText(result, file),
    '',
    trials.trimEnd(),
    `* chosen: ${reasonTaken(result)}. Measured on ${after.n} examples, each predicted by a model that was fitted without it (${after.folds} folds).`,
    '',
    comparison.trimEnd(),
    ...(p === null ? [] : [`before and tuned on the same ${before?.n} examples: ${pText(p)}`]),
    ...(lexical !== null && lexical.score >= after.score
      ? ['Counting words, without a model, is as good here. More examples or another model may change that.']
      : []),
    ...besideLines(result),
    ...(threshold === null ? [] : [thresholdText(threshold)]),
    ...(threshold === null || wins
      ? []
      : [
          `This threshold is for the task as it is. To use it, write \`threshold: ${threshold.value.min}\` into ${profile.path}.`,
        ]),
    ...(taught === null ? [] : ['', ...teacherLines(taught, metric.title)]),
    '',
    ...searchText(result),
    ...(file === null
      ? []
      : [
          '',
          `\`slm run\` and \`slm eval\` use ${file} from now on. Next: slm eval ${profile.name}   (--untuned for comparison)`,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** What an embedding model has brought. */
function besideLines({ fitted, wins }: TuneResult): string[] {
  const { embedder } = fitted.learned;
  if (!wins || embedder === undefined) return [];
  return fitted.method === 'embedding-head'
    ? ['The embedding model does the task alone from now on: the language model is not loaded.']
    : ['Language model and embedding model read each text from now on, and both have to be on the machine.'];
}

/** Says whether anything has changed, and why: the first question of every reader. */
export function verdictText(
  { wins, before, after, gain, search: { metric } }: TuneResult,
  file: string | null,
): string {
  if (before === null) return `Installed: ${after.title}. It was not compared with the task as it is.`;
  const figures = `${metric.title} ${before.score.toFixed(3)} → ${before.tuned.score.toFixed(3)} on the same ${before.n} examples`;
  const other = gain === null || gain === metric ? '' : `, and a better ${gain.title}`;
  if (wins && file !== null) return `Installed: ${after.title}. ${figures}${other}.`;
  return `Nothing was installed: the task as it is (${before.title}) is as good or better. ${figures}.`;
}

function figureCells({ score, interval }: Pick<Trial, 'score' | 'interval'>): [string, string] {
  return [score.toFixed(3), interval === null ? '' : `${interval.low.toFixed(3)}–${interval.high.toFixed(3)}`];
}

/** Why the chosen candidate was taken. */
export function reasonTaken({
  after,
  search: { best, objective, metric },
}: Pick<TuneResult, 'after' | 'search'>): string {
  const by = objective === metric ? '' : ` by ${objective.title}`;
  return after.key === best.key
    ? `the best${by}`
    : `the simplest that is not clearly worse than the best${by} (${shownObjective(objective, best).toFixed(3)})`;
}

export function pText(p: number): string {
  return `p ${p < 0.0001 ? '< 0.0001' : `= ${p.toFixed(4)}`} (McNemar's exact test)`;
}

export function thresholdText({ value, shares }: ChosenThreshold): string {
  return shares === null
    ? `threshold ${value.min}: labels at least as likely are given; it has the best micro F1 on held-out examples`
    : `threshold ${value.min}: ${(shares.coverage * 100).toFixed(0)} % of the results are given, and ${(shares.reached * 100).toFixed(1)} % of those are right, on held-out examples`;
}

/** Skipped trials that are named one by one. */
const mostNamed = 6;

/** The time that was used, what there was no time for, why the search ended before all was tried, and what that would take. */
export function searchText({ search: { skipped, settled }, spentMs, budgetMs, fittedOn }: TuneResult): string[] {
  const used = `Comparison and search took ${formatDuration(spentMs / 1000)} of ${formatDuration(budgetMs / 1000)}.`;
  const given = [
    ...(settled === null
      ? []
      : [
          `Candidates that read the language model were given up: on ${settled.n} examples, none came close enough to "${settled.title}" to become clearly better. \`--take best\` tries them to the end.`,
        ]),
    ...(fittedOn === null
      ? []
      : [
          `The final fit used ${fittedOn.n} of ${fittedOn.of} examples: there was no time for all of them. A larger --budget lets it use more.`,
        ]),
  ];
  if (skipped.length === 0) return [...given, used];
  const named = skipped
    .slice(0, mostNamed)
    .map(({ title, n, seconds }) => `  ${title}, n = ${n}${seconds >= 1 ? `, about ${minutes(seconds)}` : ''}`);
  const more = skipped.length - named.length;
  const missing = secondsOf(skipped);
  return [
    ...given,
    `${used} There was no time for ${skipped.length === 1 ? 'one trial' : `${skipped.length} trials`}:`,
    ...named,
    ...(more > 0 ? [`  and ${more} more (--json names all)`] : []),
    `The same command with ${missing >= 1 ? `about ${minutes(missing)} more --budget` : 'a larger --budget'} continues from here.`,
  ];
}

/** Of trials that read the same, one reads for all: the dearest counts. */
function secondsOf(skipped: TuneResult['search']['skipped']): number {
  const dearest = new Map<string, number>();
  for (const { title, n, seconds, reading } of skipped) {
    const key = reading ?? `${title} ${n}`;
    dearest.set(key, Math.max(dearest.get(key) ?? 0, seconds));
  }
  return [...dearest.values()].reduce((sum, seconds) => sum + seconds, 0);
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
