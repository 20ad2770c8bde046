import type { TuningEvent } from '../../app/surroundings.js';
import type { Trial } from '../../methods/candidates/types.js';
import { harmless, harmlessValues } from '../../terminal-text.js';
import type { TrialEvent } from '../../tune/trial-event.js';
import type { CliContext } from '../context.js';
import { type PaceStart, timeLeft } from '../terminal/time-left.js';
import type { TuneState } from './tune-view.js';

export interface TuneProgress {
  /** Surroundings of the work: while a view is drawn, nothing else may write to the terminal. */
  readonly context: CliContext;
  end(): void;
}

const redrawMs = 150;

/** How far a search is: a live table on a terminal, else a line for each trial; all on stderr. */
export async function createTuneProgress(context: CliContext): Promise<TuneProgress> {
  if (context.quiet) return { context, end: () => undefined };
  const terminal = context.stderr.isTTY === true;
  return terminal ? liveProgress(context) : plainProgress(context);
}

/** Ink and React are loaded only where there is somebody to look; the view opens with the first trial. */
async function liveProgress(context: CliContext): Promise<TuneProgress> {
  const { renderTuneView } = await import('./tune-view.js');
  let start = context.now();
  let view: ReturnType<typeof renderTuneView> | null = null;
  let ended = false;
  let drawnAt = 0;
  const notes: string[] = [];
  let state: Omit<TuneState, 'seconds'> = {
    title: '',
    metric: '',
    examples: 0,
    trials: [],
    skipped: 0,
    step: null,
    note: null,
    budgetSeconds: 0,
  };
  const draw = () => {
    if (ended) return;
    drawnAt = context.now();
    const shown = { ...harmlessTexts(state), seconds: (drawnAt - start) / 1000 };
    if (view === null) view = renderTuneView(context.canvas, shown);
    else view.update(shown);
  };
  const step = (what: string, done: number, total: number) => {
    if (state.step === null) return;
    state = { ...state, step: { ...state.step, part: { what, done, total } } };
    if (context.now() - drawnAt >= redrawMs || done === total) draw();
  };
  return {
    context: {
      ...context,
      quiet: true,
      notice(text) {
        // Before the view is drawn, it is read where it is said; during it, it must outlast the view.
        if (ended || view === null) context.notice(text);
        else notes.push(text);
        state = { ...state, note: text };
        if (view !== null) draw();
      },
      preparing(preparation) {
        if (ended || view === null) context.preparing(preparation);
        else if (preparation !== null) step(preparation.what, preparation.done, preparation.total);
      },
      tuning(event) {
        if (event.kind === 'step') return step(event.what, event.done, event.total);
        if (event.kind === 'start') {
          start = context.now();
          const { task, model, metric, examples, budgetMs } = event;
          state = { ...state, title: `${task} on ${model}`, metric, examples, budgetSeconds: budgetMs / 1000 };
          return;
        }
        state = after(state, event);
        draw();
      },
    },
    end() {
      if (ended) return;
      ended = true;
      view?.end();
      for (const note of notes) context.notice(note);
    },
  };
}

/** Titles of trials name labels and files. */
function harmlessTexts<S extends Omit<TuneState, 'seconds'>>(state: S): S {
  const { title, metric, trials, step, note } = state;
  return {
    ...state,
    ...harmlessValues({ title, metric, step, note }),
    trials: trials.map((trial) => ({ ...trial, title: harmless(trial.title) })),
  };
}

/** The state to show after an event. */
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

/** A step says how far it is where nothing was said for so long. */
const silentMs = 30_000;

function plainProgress(context: CliContext): TuneProgress {
  let spokenAt = context.now();
  /** Where the step under way began. */
  let first: (PaceStart & { readonly what: string }) | null = null;
  const step = ({ what, done, total }: Extract<TuningEvent, { kind: 'step' }>) => {
    const now = context.now();
    if (first?.what !== what || first.done > done) first = { what, done, ms: now };
    if (now - spokenAt < silentMs) return;
    spokenAt = now;
    const left = timeLeft(first, now, done, total);
    context.notice(`${what}, ${done} of ${total}${left === null ? '' : `, about ${left}`}`);
  };
  const tuning = (event: TuningEvent) => {
    if (event.kind === 'step') return step(event);
    first = null;
    spokenAt = context.now();
    say(context, event);
  };
  return { context: { ...context, tuning }, end: () => undefined };
}

function say(context: CliContext, event: TuningEvent): void {
  switch (event.kind) {
    case 'start': {
      const { task, model, examples, budgetMs } = event;
      context.notice(`tuning ${task} on ${model}: ${examples} examples, at most ${Math.round(budgetMs / 1000)} s`);
      return;
    }
    case 'skip':
      // The report names them.
      return;
    case 'stage':
      context.notice(event.title);
      return;
    case 'end': {
      const { trial, seconds, again } = event;
      const interval =
        trial.interval === null ? '' : ` [${trial.interval.low.toFixed(3)}–${trial.interval.high.toFixed(3)}]`;
      context.notice(
        `${trial.score.toFixed(3)}${interval}  n=${trial.n}  ${again ? 'known' : `${seconds.toFixed(0)} s`}  ${trial.title}`,
      );
    }
  }
}
