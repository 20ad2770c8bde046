import type { TrialEvent } from '../../tune/search.js';
import type { CliContext } from '../context.js';
import { createStatusLine } from './status-line.js';

export interface TuneProgress {
  readonly trial: (event: TrialEvent) => void;
  readonly step: (what: string, done: number, total: number) => void;
  end(): void;
}

/** Trials as they end, a line each, and on a terminal what is under way. */
export function createTuneProgress(
  context: CliContext,
  title: string,
  examples: number,
  budgetMs: number,
): TuneProgress {
  const status = createStatusLine(context);
  const start = context.now();
  let best = 0;
  let current = '';
  context.notice(`tuning ${title}: ${examples} examples, at most ${Math.round(budgetMs / 1000)} s`);
  return {
    trial(event) {
      status.clear();
      if (event.kind === 'begin') current = event.title;
      else if (event.kind === 'skip') context.notice(`not tried (${event.reason}): ${event.title}`);
      else {
        const { trial, seconds, again } = event;
        best = Math.max(best, trial.score);
        const interval =
          trial.interval === null ? '' : ` [${trial.interval.low.toFixed(3)}–${trial.interval.high.toFixed(3)}]`;
        context.notice(
          `${trial.score.toFixed(3)}${interval}  n=${trial.n}  ${again ? 'known' : `${seconds.toFixed(0)} s`}  ${trial.title}`,
        );
      }
    },
    step(what, done, total) {
      const left = Math.max(0, (budgetMs - (context.now() - start)) / 1000);
      status.show(`${current}: ${what} ${done}/${total}; best ${best.toFixed(3)}, ${left.toFixed(0)} s left`);
    },
    end: () => status.clear(),
  };
}
