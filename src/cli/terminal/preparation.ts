import type { Preparation } from '../../app/surroundings.js';
import type { CliContext } from '../context.js';
import { createStatusLine } from './status-line.js';
import { type PaceStart, timeLeft } from './time-left.js';

/** Says once what is prepared, then how far it is, on a line that is overwritten. */
export function showPreparation(context: CliContext): (preparation: Preparation | null) => void {
  const status = createStatusLine(context);
  const announced = new Set<string>();
  let first: PaceStart | null = null;
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
    const left = timeLeft(first, context.now(), done, total);
    status.show(`${done} of ${total} ${items}${left === null ? '' : `, ${left}`}`);
  };
}
