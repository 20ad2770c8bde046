import type { Progress } from '../../evaluate.js';
import type { CliContext } from '../context.js';

export interface EvalProgress {
  readonly update: (progress: Progress) => void;
  end(): void;
}

const redrawMs = 150;

/** How far an evaluation is: a live view on a terminal, else a line every tenth of the way; all on stderr. */
export async function createEvalProgress(context: CliContext, title: string): Promise<EvalProgress> {
  if (context.quiet) return { update: () => undefined, end: () => undefined };
  const terminal = (context.stderr as NodeJS.WriteStream).isTTY === true;
  return terminal ? liveProgress(context, title) : plainProgress(context, title);
}

/** Ink and React are loaded only where there is somebody to look. */
async function liveProgress(context: CliContext, title: string): Promise<EvalProgress> {
  const { renderEvalView } = await import('./eval-view.js');
  const start = context.now();
  const view = renderEvalView(context.stderr as NodeJS.WriteStream);
  let drawnAt = 0;
  return {
    update(progress) {
      const now = context.now();
      if (now - drawnAt < redrawMs && progress.done < progress.total) return;
      drawnAt = now;
      view.update({ title, ...progress, seconds: (now - start) / 1000 });
    },
    end: () => view.end(),
  };
}

function plainProgress(context: CliContext, title: string): EvalProgress {
  let announced = 0;
  return {
    update({ done, total, correct }) {
      const tenth = Math.floor((done / total) * 10);
      if (tenth <= announced) return;
      announced = tenth;
      context.notice(
        `${title}: ${done} of ${total} records, ${((100 * correct) / done).toFixed(1)} % all right so far`,
      );
    },
    end: () => undefined,
  };
}
