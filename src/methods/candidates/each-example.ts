import type { Example } from '../../types.js';
import type { TuneSession } from './types.js';

/** Asks for something of each example, as many at once as the engine takes, and tells how far it is; ends when the search does. */
export function eachExample<T>(
  session: Pick<TuneSession, 'signal' | 'onProgress'>,
  title: string,
  examples: readonly Example[],
  ask: (example: Example) => Promise<T>,
): Promise<T[]> {
  let done = 0;
  return Promise.all(
    examples.map(async (example) => {
      session.signal.throwIfAborted();
      const answer = await ask(example);
      session.onProgress(title, ++done, examples.length);
      return answer;
    }),
  );
}
