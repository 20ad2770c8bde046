import type { Overlay } from '../profile/overlay.js';
import { tuningMetric } from '../tune/search.js';
import type { TuneResult } from '../tune/tune.js';
import type { TaskProfile } from '../types.js';
import type { CliContext } from './context.js';
import { tableText } from './table.js';

/** What tuning brought, for people: trials, before and after, and what to do next. */
export async function tuneReportText(
  _context: CliContext,
  profile: TaskProfile,
  result: TuneResult,
  overlay: Omit<Overlay, 'head'>,
  file: string,
): Promise<string> {
  const { after, before, lexical, p, threshold, search } = result;
  const metric = tuningMetric(profile);
  const trials = tableText(
    ['TRIAL', metric.title.toUpperCase(), 'INTERVAL', 'N', 'TOKENS A RECORD'],
    search.trials.map((trial) => [
      `${trial.title}${trial.key === search.chosen.key ? ' *' : ''}`,
      trial.score.toFixed(3),
      trial.interval === null ? '' : `${trial.interval.low.toFixed(3)}–${trial.interval.high.toFixed(3)}`,
      String(trial.n),
      trial.tokensPerRecord.toFixed(0),
    ]),
    ['left', 'right', 'left', 'right', 'right'],
  );
  const rows = [
    ...(before === null ? [] : [['as it was', before.score.toFixed(3)]]),
    ...(lexical === null ? [] : [['without a model', lexical.score.toFixed(3)]]),
    ['tuned', after.score.toFixed(3)],
  ];
  const lines = [
    trials.trimEnd(),
    `* taken: ${after.key === search.best.key ? 'the best' : `the simplest that is not clearly worse than the best (${search.best.score.toFixed(3)})`}. Held-out ${metric.title.toLowerCase()}, ${after.n} examples, ${after.folds} folds.`,
    '',
    tableText(['', metric.title.toUpperCase()], rows, ['left', 'right']).trimEnd(),
    ...(p === null
      ? []
      : [`before and after on the same examples: p = ${p < 0.0001 ? '< 0.0001' : p.toFixed(4)} (McNemar)`]),
    ...(lexical !== null && lexical.score >= after.score
      ? ['Counting words without a model is as good here: more examples, or another model, may change that.']
      : []),
    ...(threshold === null
      ? []
      : [
          `threshold ${threshold.value.min}: ${(threshold.coverage * 100).toFixed(0)} % of the results are given, ${(threshold.reached * 100).toFixed(1)} % of them right, on held-out examples`,
        ]),
    ...(search.stopped === 'done' ? [] : [stoppedLine(search.stopped)]),
    '',
    `${file} is used from now on, by \`slm run\` and \`slm eval\`. Next: slm eval ${profile.name}   (--untuned for comparison)`,
  ];
  return `${lines.join('\n')}\n${overlay.trials.length === 0 ? '' : ''}`;
}

function stoppedLine(reason: 'budget' | 'interrupted'): string {
  return reason === 'budget'
    ? 'The budget was spent before all trials were done; a larger --budget goes on where this ended.'
    : 'Interrupted: this is the best so far. The same command goes on where this ended.';
}

/** The same as JSON. */
export function tuneReportJson(result: TuneResult, overlay: Omit<Overlay, 'head'>, file: string): object {
  const { search, threshold, p } = result;
  return {
    ...overlay,
    file,
    chosen: search.chosen.title,
    stopped: search.stopped,
    p,
    threshold:
      threshold === null ? null : { ...threshold.value, coverage: threshold.coverage, reached: threshold.reached },
  };
}
