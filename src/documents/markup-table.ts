import type { DomNode, FormatCallback } from 'html-to-text';
import { isInline, isSkipped, wordsOfPicture } from './markup-elements.js';

/** Longest text of a cell; a table with a longer one is there for the layout of a page. */
const longestCell = 400;

/** A table as a line for each row, its caption above; one that is there for the layout of a page as what it holds. */
export const table: FormatCallback = (element, walk, builder) => {
  const rows = isNested(element) ? null : rowsOf(element);
  if (rows !== null)
    for (const caption of below(element, isCaption)) {
      builder.openBlock({ leadingLineBreaks: 2 });
      builder.addInline(wordsIn(caption));
      builder.closeBlock({ trailingLineBreaks: 2 });
    }
  builder.openBlock({ leadingLineBreaks: 2 });
  if (rows === null) walk(element.children, builder);
  else for (const cells of rows) builder.addLiteral(`| ${cells.join(' | ')} |\n`);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

/** The words of each cell; null where there are others beside them, or too many in one. */
function rowsOf(element: DomNode): string[][] | null {
  if (wordsIn(element, (node) => isRow(node) || isCaption(node)) !== '') return null;
  const rows: string[][] = [];
  const columns = hangingCells();
  for (const row of below(element, isRow)) {
    if (wordsIn(row, isCell) !== '') return null;
    const line: string[] = [];
    for (const cell of below(row, isCell)) {
      const text = wordsIn(cell);
      if (text.length > longestCell) return null;
      columns.place(text, spanOf(cell, 'rowspan'), spanOf(cell, 'colspan'), line);
    }
    columns.fill(line);
    rows.push(line);
  }
  return rows;
}

/** Characters that cells over several rows or columns may add to a table, so that a small page does not become a huge one. */
const mostRepeated = 100_000;

/**
 * Cells over several rows stand in each of them, since a passage may have only one; those over several columns are followed
 * by empty ones. So the cells below a heading stay below it.
 */
function hangingCells() {
  /** By column: what hangs down into the next rows, and into how many. */
  const hanging: { text: string; rows: number }[] = [];
  let room = mostRepeated;
  const fill = (line: string[]) => {
    for (let above = hanging[line.length]; above !== undefined; above = hanging[line.length]) {
      if (room <= 0 || above.rows === 0) return;
      above.rows--;
      room -= above.text.length + 1;
      line.push(above.text);
    }
  };
  const place = (text: string, rows: number, columns: number, line: string[]) => {
    fill(line);
    const further = Math.min(columns - 1, Math.max(0, room));
    room -= further;
    for (const part of [text, ...Array<string>(further).fill('')]) {
      hanging[line.length] = { text: part, rows: rows - 1 };
      line.push(part);
    }
  };
  return { place, fill };
}

/** How many rows or columns a cell has. */
function spanOf({ attribs }: DomNode, name: 'rowspan' | 'colspan'): number {
  const written = Number(attribs?.[name] ?? 1);
  return Number.isInteger(written) && written > 1 ? Math.min(written, 1000) : 1;
}

function isNested(element: DomNode): boolean {
  for (const _ of below(element, ({ name }) => name === 'table')) return true;
  return false;
}

function isRow({ name }: DomNode): boolean {
  return name === 'tr';
}

function isCell({ name }: DomNode): boolean {
  return name === 'td' || name === 'th';
}

function isCaption({ name }: DomNode): boolean {
  return name === 'caption';
}

/** Elements at any depth below a node, in their order; not those inside another such one. */
function* below(node: DomNode, isWanted: (node: DomNode) => boolean): Iterable<DomNode> {
  // Not by recursion: a page may be nested deeper than the stack.
  const open = [...(node.children ?? [])].reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (isSkipped(next)) continue;
    if (isWanted(next)) yield next;
    else pushReversed(open, next.children);
  }
}

/** The words of a node in one line, without those of the elements that are left out. */
function wordsIn(node: DomNode, isLeftOut: (node: DomNode) => boolean = () => false): string {
  let text = '';
  const open: (DomNode | string)[] = [];
  pushReversed(open, node.children);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') text += next;
    else if (next.type === 'text') text += next.data ?? '';
    else if (next.name === 'img') text += wordsOfPicture(next);
    else if (!isSkipped(next) && !isLeftOut(next)) {
      const apart = isInline(next) ? '' : ' ';
      text += apart;
      open.push(apart);
      pushReversed(open, next.children);
    }
  }
  return text.replace(/\s+/gu, ' ').replaceAll('|', '/').trim();
}

/** One by one, since a list of hundreds of thousands cannot be passed as arguments. */
function pushReversed(open: (DomNode | string)[], nodes: readonly DomNode[] = []): void {
  for (let i = nodes.length - 1; i >= 0; i--) open.push(nodes[i] as DomNode);
}
