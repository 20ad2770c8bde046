/** Characters that separate the labels of one cell. */
const separator = /[,;|]/u;

/**
 * The labels of a record in one cell: with commas between them, or as a JSON list where a label of the task has a
 * character that separates labels.
 */
export function labelCell(found: readonly string[], task: { labels: readonly string[]; multiLabel: boolean }): string {
  const isClear = !task.multiLabel || !task.labels.some((label) => separator.test(label) || label.startsWith('['));
  return isClear ? found.join(',') : JSON.stringify(found);
}

/** The labels of a cell, written in either way or as one of these names. */
export function labelsInCell(cell: string, names: readonly string[]): string[] {
  const trimmed = cell.trim();
  if (names.includes(trimmed)) return [trimmed];
  return listInCell(trimmed)?.map(String) ?? cell.split(separator);
}

/** A list that stands in a cell as JSON; null where none does. In a TSV of ours each backslash stands there twice. */
export function listInCell(cell: unknown): unknown[] | null {
  if (typeof cell !== 'string' || !cell.trimStart().startsWith('[')) return null;
  return listIn(cell) ?? listIn(cell.replaceAll('\\\\', '\\'));
}

function listIn(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
