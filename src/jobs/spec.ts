/** All that the results of a job depend on, by what people call it. */
export type JobSpec = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** The differences between two jobs, one a line: `threshold: 0.5 → 0.7`. Empty when one may go on with the other. */
export function differences(before: Readonly<Record<string, unknown>>, now: JobSpec): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names
    .filter((name) => JSON.stringify(before[name] ?? null) !== JSON.stringify(now[name] ?? null))
    .map((name) => `${name}: ${shown(before[name])} → ${shown(now[name])}`);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(' ');
  return String(value);
}
