import type { SparseMatrix } from '../../linear/matrix.js';
import { fitTfidf, tfidfTransform } from '../../linear/tfidf.js';

/** More texts than this say no more about what is typical. */
const mostTexts = 300;

/**
 * Texts that together are like all: the one most like the others first, then each time the one that adds most to how
 * like its nearest chosen one every text is. What is much the same as a chosen one adds nothing. Facility location, by
 * the greedy algorithm: G. Nemhauser et al., "An analysis of approximations for maximizing submodular set functions",
 * 1978; for choosing texts, H. Lin, J. Bilmes, "A Class of Submodular Functions for Document Summarization", 2011.
 * @param candidates how many of the texts, from the first on, may be chosen
 * @returns places of the chosen ones
 */
export function mostRepresentative(texts: readonly string[], candidates: number, count: number): number[] {
  const shown = texts.slice(0, mostTexts);
  const rows = tfidfTransform(fitTfidf(shown))(shown);
  const similar = Array.from({ length: Math.min(candidates, shown.length) }, (_, i) => similarities(rows, i));
  const nearest = new Float64Array(shown.length);
  const chosen: number[] = [];
  while (chosen.length < Math.min(count, similar.length)) {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    similar.forEach((row, i) => {
      if (chosen.includes(i)) return;
      const gain = row.reduce((sum, value, j) => sum + Math.max(0, value - (nearest[j] as number)), 0);
      if (gain > most) [best, most] = [i, gain];
    });
    chosen.push(best);
    similar[best]?.forEach((value, j) => {
      nearest[j] = Math.max(nearest[j] as number, value);
    });
  }
  return chosen;
}

/** Similarities of one row to all rows: their inner products. */
function similarities({ rows, columns, offsets, indices, values }: SparseMatrix, row: number): Float64Array {
  const own = new Float64Array(columns);
  for (let at = offsets[row] as number; at < (offsets[row + 1] as number); at++) {
    own[indices[at] as number] = values[at] as number;
  }
  return Float64Array.from({ length: rows }, (_, other) => {
    let sum = 0;
    for (let at = offsets[other] as number; at < (offsets[other + 1] as number); at++) {
      sum += (own[indices[at] as number] as number) * (values[at] as number);
    }
    return sum;
  });
}
