import { answersIn } from '../task-types/answer/values.js';
import type { Example } from '../types.js';

/**
 * The answer that is always the best guess, as yes is where most questions are answered by yes: more examples have it
 * than have none, and one in five at least. Null where the answers are as different as the questions.
 */
export function repeatedAnswer(
  examples: readonly Example[],
): { readonly answer: string; readonly share: number } | null {
  const counts = new Map<string, number>();
  let none = 0;
  for (const { gold } of examples) {
    const [answer] = answersIn(gold);
    if (answer === undefined) none++;
    else counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  const [best, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  const share = count / Math.max(1, examples.length);
  return count > none && share >= smallestShare && count > 1 ? { answer: best, share } : null;
}

const smallestShare = 0.2;
