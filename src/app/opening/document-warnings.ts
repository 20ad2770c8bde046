import { gatherWarnings } from '../../documents/notices.js';
import type { OnWarning } from '../../documents/types.js';
import type { Surroundings } from '../surroundings.js';

/**
 * Reads documents, and tells what was wrong with them when all are read: a notice for each problem.
 * @param shownAs names a file in notices
 */
export async function tellingWarnings<T>(
  surroundings: Pick<Surroundings, 'notice'>,
  shownAs: (file: string) => string,
  read: (onWarning: OnWarning) => Promise<T>,
): Promise<T> {
  const warnings = gatherWarnings();
  const found = await read(warnings.add);
  for (const line of warnings.lines(shownAs)) surroundings.notice(line);
  return found;
}
