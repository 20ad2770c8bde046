import type { Preparation } from '../../app/surroundings.js';
import type { CliContext } from '../context.js';
import { createStatusLine } from './status-line.js';

/** Says once what is prepared, then how far it is, on a line that is overwritten. */
export function showPreparation(context: CliContext): (preparation: Preparation | null) => void {
  const status = createStatusLine(context);
  const announced = new Set<string>();
  return (preparation) => {
    if (preparation === null) {
      status.clear();
      return;
    }
    const { what, task, model, done, total, items } = preparation;
    const text = `${what} ${task} for ${model} on ${total} ${items}; this is done once`;
    if (!announced.has(text)) context.notice(text);
    announced.add(text);
    status.show(`${done} of ${total} ${items}`);
  };
}
