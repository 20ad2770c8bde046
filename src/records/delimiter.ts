const usual = [',', ';', '\t', '|'] as const;

/**
 * The delimiter of a table, told by its first line. A comma is preferred: with given names of columns, if it makes as many
 * fields; in a header, if the header has one.
 * @param columns how many fields a line has; null where it is the header
 */
export function delimiterOf(line: string, columns: number | null): string {
  const unquoted = line.replace(/"(?:[^"]|"")*"/gu, '');
  const counts = usual.map((delimiter) => unquoted.split(delimiter).length - 1);
  if (columns !== null) return usual[counts.indexOf(columns - 1)] ?? ',';
  return counts[0] === 0 ? (usual[counts.indexOf(Math.max(...counts))] ?? ',') : ',';
}
