import type { Preparation } from '../../app/surroundings.js';
import { formatDuration } from '../../quantities.js';
import type { CliContext } from '../context.js';
import { createStatusLine } from './status-line.js';

/** Says once what is prepared, then how far it is, on a line that is overwritten. */
export function showPreparation(context: CliContext): (preparation: Preparation | null) => void {
  const status = createStatusLine(context);
  const announced = new Set<string>();
  let first: { readonly ms: number; readonly done: number } | null = null;
  return (preparation) => {
    if (preparation === null) {
      first = null;
      status.clear();
      return;
    }
    const { what, task, model, done, total, items } = preparation;
    const text =
      model === null
        ? `${what} ${task}: ${total} ${items}`
        : `${what} ${task} for ${model} on ${total} ${items}; this is done once`;
    if (!announced.has(text)) context.notice(text);
    announced.add(text);
    first ??= { ms: context.now(), done };
    const each = done > first.done ? (context.now() - first.ms) / (done - first.done) : null;
    const left = each === null ? '' : `, ${formatDuration((each * (total - done)) / 1000)} left`;
    status.show(`${done} of ${total} ${items}${left}`);
  };
}
