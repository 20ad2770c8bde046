import type { Trial } from '../../methods/candidates/types.js';
import type { TrialEvent } from '../../tune/search.js';
import type { CliContext } from '../context.js';
import type { TuneState } from './tune-view.js';

export interface TuneProgress {
  /** For the work that is under way: while a view is drawn, nothing else may write where it stands. */
  readonly context: CliContext;
  readonly trial: (event: TrialEvent) => void;
  readonly step: (what: string, done: number, total: number) => void;
  end(): void;
}

interface Subject {
  readonly title: string;
  /** Title of the measure that the search goes by. */
  readonly metric: string;
  readonly examples: number;
  readonly budgetMs: number;
}

const redrawMs = 150;

/** How far a search is: a live table on a terminal, else a line for each trial; all on stderr. */
export async function createTuneProgress(context: CliContext, subject: Subject): Promise<TuneProgress> {
  if (context.quiet) return { context, trial: () => undefined, step: () => undefined, end: () => undefined };
  const terminal = (context.stderr as NodeJS.WriteStream).isTTY === true;
  return terminal ? liveProgress(context, subject) : plainProgress(context, subject);
}

/** Ink and React are loaded only where there is somebody to look; the view opens with the first trial. */
async function liveProgress(context: CliContext, { budgetMs, ...subject }: Subject): Promise<TuneProgress> {
  const { renderTuneView } = await import('./tune-view.js');
  const start = context.now();
  let view: ReturnType<typeof renderTuneView> | null = null;
  let ended = false;
  let drawnAt = 0;
  const notes: string[] = [];
  let state: Omit<TuneState, 'seconds'> = {
    ...subject,
    trials: [],
    skipped: 0,
    step: null,
    note: null,
    budgetSeconds: budgetMs / 1000,
  };
  const draw = () => {
    if (ended) return;
    drawnAt = context.now();
    const shown = { ...state, seconds: (drawnAt - start) / 1000 };
    if (view === null) view = renderTuneView(context.stderr as NodeJS.WriteStream, shown);
    else view.update(shown);
  };
  return {
    context: {
      ...context,
      quiet: true,
      notice(text) {
        if (ended) context.notice(text);
        else notes.push(text);
        state = { ...state, note: text };
        if (view !== null) draw();
      },
    },
    trial(event) {
      state = after(state, event);
      draw();
    },
    step(what, done, total) {
      if (state.step === null) return;
      state = { ...state, step: { ...state.step, part: { what, done, total } } };
      if (context.now() - drawnAt >= redrawMs || done === total) draw();
    },
    end() {
      if (ended) return;
      ended = true;
      view?.end();
      for (const note of notes) context.notice(note);
    },
  };
}

/** What is shown after something has happened. */
export function after<S extends Pick<TuneState, 'trials' | 'skipped' | 'step' | 'note'>>(
  state: S,
  event: TrialEvent,
): S {
  switch (event.kind) {
    case 'begin':
      return { ...state, step: { title: `${event.title}, ${event.n} examples`, part: null }, note: null };
    case 'end':
      return { ...state, trials: ranked(state.trials, event.trial), step: null, note: null };
    case 'skip':
      return { ...state, skipped: state.skipped + 1 };
    case 'stage':
      return { ...state, step: { title: event.title, part: null }, note: null };
  }
}

/** As the search ranks them: on most examples first, then the best. */
function ranked(trials: readonly Trial[], trial: Trial): Trial[] {
  return [...trials.filter(({ key }) => key !== trial.key), trial].sort(
    (a, b) => b.n - a.n || b.score - a.score || a.complexity - b.complexity,
  );
}

function plainProgress(context: CliContext, { title, examples, budgetMs }: Subject): TuneProgress {
  context.notice(`tuning ${title}: ${examples} examples, at most ${Math.round(budgetMs / 1000)} s`);
  return {
    context,
    trial(event) {
      if (event.kind === 'skip') context.notice(`not tried (${event.reason}): ${event.title}`);
      if (event.kind === 'stage') context.notice(event.title);
      if (event.kind !== 'end') return;
      const { trial, seconds, again } = event;
      const interval =
        trial.interval === null ? '' : ` [${trial.interval.low.toFixed(3)}–${trial.interval.high.toFixed(3)}]`;
      context.notice(
        `${trial.score.toFixed(3)}${interval}  n=${trial.n}  ${again ? 'known' : `${seconds.toFixed(0)} s`}  ${trial.title}`,
      );
    },
    step: () => undefined,
    end: () => undefined,
  };
}
