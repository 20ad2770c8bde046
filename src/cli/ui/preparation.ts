import type { Preparation } from '../../app/surroundings.js';
import type { CliContext } from '../context.js';
import { createStatusLine } from './status-line.js';

/** Says once what is prepared, then how far it is, on a line that is overwritten. */
export function showPreparation(context: CliContext): (preparation: Preparation | null) => void {
  const status = createStatusLine(context);
  let announced = false;
  return (preparation) => {
    if (preparation === null) {
      status.clear();
      announced = false;
      return;
    }
    const { what, task, model, done, total } = preparation;
    if (!announced) context.notice(`${what} ${task} for ${model} on ${total} examples; this is done once`);
    announced = true;
    status.show(`${done} of ${total} examples`);
  };
}
