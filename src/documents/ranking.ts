/** How much a neighbouring sentence and the headings count beside the sentence itself. */
export const boost = { text: 1, near: 0.35, heading: 0.5 };

/** Parameters of BM25+: saturation of a term's count, weight of the length, and the value of every match. */
export const bm25 = { k: 1.2, b: 0.4, d: 0.5 };

/** BM25+ of a term in a field, as MiniSearch computes it; lengths are distinct words. */
export function bm25Score(count: number, withTerm: number, all: number, length: number, meanLength: number): number {
  const { k, b, d } = bm25;
  const rare = Math.log(1 + (all - withTerm + 0.5) / (withTerm + 0.5));
  return rare * (d + (count * (k + 1)) / (count + k * (1 - b + (b * length) / meanLength)));
}

/** How much a term says of what a question is about: the rarer, the more. */
export function rarity(passages: number, withTerm: number): number {
  return Math.log(1 + passages / (1 + withTerm));
}

/** Share of terms that are there, weighted by their rarity; 0 to 1. */
export function coverageOf(
  asked: readonly string[],
  here: ReadonlySet<string>,
  rarityOf: (term: string) => number,
): number {
  let total = 0;
  let covered = 0;
  for (const term of new Set(asked)) {
    total += rarityOf(term);
    if (here.has(term)) covered += rarityOf(term);
  }
  return total === 0 ? 0 : covered / total;
}
