/** How often each label stands in a list, those of the task first, also where they never do. */
export function countsOf(labels: readonly string[], found: Iterable<string>): Map<string, number> {
  const counts = new Map(labels.map((name) => [name, 0]));
  for (const label of found) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Some names for a message. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return names.length > 8 ? `${shown.join(', ')} and ${names.length - 8} more` : shown.join(', ');
}
