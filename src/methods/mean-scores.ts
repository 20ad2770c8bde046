/** Scores of each label, averaged over prompts: of log-probabilities the geometric mean of the probabilities. */
export function meanScores(all: readonly ArrayLike<number>[]): number[] {
  const [first = []] = all;
  return Array.from(first, (_, label) => all.reduce((sum, scores) => sum + (scores[label] as number), 0) / all.length);
}
