import Table from 'cli-table3';

export type Alignment = 'left' | 'right';

const bare = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((name) => [name, '']),
  ),
);

/**
 * A table without lines, two spaces between columns, nothing behind the last. Ends with a line end.
 * @param align of each column; the last one given holds for those after it
 */
export function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Alignment[] = ['left'],
): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: { ...bare, middle: '  ' },
    colAligns: head.map((_, i) => align[i] ?? align.at(-1) ?? 'left'),
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
