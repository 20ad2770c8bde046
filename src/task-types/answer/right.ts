import { foldedWords } from '../../folding.js';

/** Whether a candidate says nearly what one of the accepted answers says. */
export function isRight(answer: string, accepted: readonly string[]): boolean {
  return accepted.some((each) => wordOverlap(answer, each) >= 0.6);
}

/** F1 of the words that two answers share, as SQuAD has it; case, accents and punctuation aside. */
function wordOverlap(a: string, b: string): number {
  const left = foldedWords(a);
  const right = foldedWords(b);
  const rest = [...right];
  const shared = left.filter((word) => {
    const at = rest.indexOf(word);
    if (at !== -1) rest.splice(at, 1);
    return at !== -1;
  }).length;
  return shared === 0 ? 0 : (2 * shared) / (left.length + right.length);
}
