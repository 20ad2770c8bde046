/**
 * P-values adjusted for how many were looked at, by the step-down procedure of S. Holm, "A Simple Sequentially Rejective
 * Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979; R's p.adjust(method = "holm"). Null stays null
 * and counts for nothing.
 */
export function holm(values: readonly (number | null)[]): (number | null)[] {
  const sorted = values
    .map((p, at) => ({ p, at }))
    .filter((one): one is { p: number; at: number } => one.p !== null)
    .sort((a, b) => a.p - b.p);
  const adjusted: (number | null)[] = values.map(() => null);
  let least = 0;
  sorted.forEach(({ p, at }, rank) => {
    least = Math.min(1, Math.max(least, p * (sorted.length - rank)));
    adjusted[at] = least;
  });
  return adjusted;
}
