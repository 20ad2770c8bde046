import type { Measuring, Surroundings } from '../../app/surroundings.js';
import { harmless } from '../../terminal-text.js';
import type { CliContext } from '../context.js';

const redrawMs = 150;

/** How far an evaluation is: a live view on a terminal, else a line every tenth of the way; all on stderr. */
export async function showMeasuring(context: CliContext): Promise<Surroundings['measuring']> {
  if (context.quiet) return () => undefined;
  const terminal = context.stderr.isTTY === true;
  return terminal ? liveProgress(context) : plainProgress(context);
}

/** Ink and React are loaded only where there is somebody to look; the view opens with the first example. */
async function liveProgress(context: CliContext): Promise<Surroundings['measuring']> {
  const { renderEvalView } = await import('./eval-view.js');
  let start = 0;
  let view: ReturnType<typeof renderEvalView> | null = null;
  let drawnAt = 0;
  return (measuring) => {
    if (measuring === null) {
      view?.end();
      view = null;
      return;
    }
    const now = context.now();
    if (view === null) start = now;
    else if (now - drawnAt < redrawMs && measuring.done < measuring.total) return;
    drawnAt = now;
    const state = { title: harmless(titleOf(measuring)), ...measuring, seconds: (now - start) / 1000 };
    if (view === null) view = renderEvalView(context.canvas, state);
    else view.update(state);
  };
}

function plainProgress(context: CliContext): Surroundings['measuring'] {
  let announced = 0;
  return (measuring) => {
    if (measuring === null) {
      announced = 0;
      return;
    }
    const { done, total, correct } = measuring;
    const tenth = Math.floor((done / total) * 10);
    if (tenth <= announced) return;
    announced = tenth;
    context.notice(
      `${titleOf(measuring)}: ${done} of ${total} records, ${((100 * correct) / done).toFixed(1)} % all right so far`,
    );
  };
}

function titleOf({ task, model }: Measuring): string {
  return `${task} on ${model}`;
}
