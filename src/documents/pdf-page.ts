import { wordAcrossLines, wordsOfLines } from './line-hyphens.js';

/** A run of text where a page has it. */
export interface PageRun {
  readonly str: string;
  /** The last two numbers say where it begins: from the left, and from the bottom. */
  readonly transform: readonly number[];
  readonly height: number;
  readonly hasEOL: boolean;
}

interface Line {
  readonly text: string;
  /** From the bottom of the page. */
  readonly y: number;
  readonly size: number;
}

/** Ratio to the size of the text around it: larger text is a heading. */
const headingSize = 1.15;
const longestHeading = 150;
/** Ratio to the size of the letters: lines that are farther apart than this belong to two paragraphs. */
const paragraphGap = 1.75;

/** The size in which most letters are set, as often as each is; 0 where there is no text. */
export function commonSize(runs: Iterable<PageRun>): number {
  const letters = new Map<number, number>();
  for (const { str, height } of runs) {
    const size = Math.round(height * 2) / 2;
    if (size > 0) letters.set(size, (letters.get(size) ?? 0) + str.trim().length);
  }
  return [...letters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

/** The words of pages, by which `textOfPage` tells whether a word has a hyphen of its own. */
export function wordsOfPages(pages: Iterable<readonly PageRun[]>): Set<string> {
  return wordsOfLines(textsOf(pages));
}

function* textsOf(pages: Iterable<readonly PageRun[]>): Iterable<string> {
  for (const runs of pages) for (const { text } of linesOf(runs)) yield text;
}

/**
 * The text of a page: its lines, with a blank line between paragraphs, larger lines as headings, and words joined
 * again that the end of a line has cut.
 * @param body size of the letters of usual text
 * @param words of the document, which tell what a hyphen at the end of a line is for
 */
export function textOfPage(runs: readonly PageRun[], body: number, words: ReadonlySet<string>): string {
  let text = '';
  let before: Line | null = null;
  for (const line of linesOf(runs)) {
    const level = headingLevel(line, body);
    const gap = before === null ? 0 : Math.abs(before.y - line.y);
    const isApart = gap > paragraphGap * Math.max(line.size, before?.size ?? 0) || line.y > (before?.y ?? line.y) + 1;
    const wasHeading = before !== null && headingLevel(before, body) > 0;
    if (before === null) text = '';
    // A heading may have two lines.
    else if (level > 0 && wasHeading && !isApart) text += ' ';
    else if (level > 0 || wasHeading || isApart) text += '\n\n';
    else {
      const across = wordAcrossLines(before.text, line.text, words);
      if (across === 'cut') text = text.slice(0, -1);
      else if (across === null) text += '\n';
    }
    if (level > 0 && !text.endsWith(' ')) text += `${'#'.repeat(level)} `;
    text += line.text;
    before = line;
  }
  return text;
}

/** 1 for the largest letters; 0 for usual text. */
function headingLevel({ text, size }: Line, body: number): number {
  if (body === 0 || size < body * headingSize || text.length > longestHeading || !/\p{L}/u.test(text)) return 0;
  return size >= body * 1.7 ? 1 : size >= body * 1.35 ? 2 : 3;
}

function* linesOf(runs: readonly PageRun[]): Iterable<Line> {
  let open: { text: string; y: number; size: number } | null = null;
  for (const { str, transform, height, hasEOL } of runs) {
    const y = transform[5] ?? 0;
    if (open === null) open = { text: '', y, size: 0 };
    open.text += str;
    if (str.trim() !== '') open.size = Math.max(open.size, height);
    if (!hasEOL) continue;
    if (open.text.trim() !== '') yield { ...open, text: tidied(open.text) };
    open = null;
  }
  if (open !== null && open.text.trim() !== '') yield { ...open, text: tidied(open.text) };
}

function tidied(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}
