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
  for (const row of below(element, isRow)) {
    if (wordsIn(row, isCell) !== '') return null;
    const cells = [...below(row, isCell)].map((cell) => wordsIn(cell));
    if (cells.some(({ length }) => length > longestCell)) return null;
    rows.push(cells);
  }
  return rows;
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
