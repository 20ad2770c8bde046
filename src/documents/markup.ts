import type { DomNode, FormatCallback, HtmlToTextOptions } from 'html-to-text';

/** Longest text of a cell; a table with a longer one is there for the layout of a page. */
const longestCell = 400;

/**
 * The text of HTML: headings as in Markdown, a line for each row of a table, a blank line between paragraphs. Links
 * and pictures leave their words.
 * @param maxBytes of the markup
 */
export async function textOfMarkup(markup: string, maxBytes: number): Promise<string> {
  const { convert } = await import('html-to-text');
  return convert(markup, {
    ...options,
    limits: { maxInputLength: maxBytes, maxDepth: 200, maxChildNodes: 200_000, ellipsis: '' },
  })
    .replace(/\u00a0/gu, ' ')
    .replace(/\n{3,}/gu, '\n\n');
}

const heading: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(`${'#'.repeat(Number(element.name?.slice(1)) || 1)} `);
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

const table: FormatCallback = (element, walk, builder) => {
  const rows = below(element, 'tr').map((row) => (row.children ?? []).filter(isCell).map((cell) => wordsIn(cell)));
  const isLayout = below(element, 'table').length > 0 || rows.flat().some(({ length }) => length > longestCell);
  if (!isLayout)
    for (const caption of below(element, 'caption')) {
      builder.openBlock({ leadingLineBreaks: 2 });
      builder.addInline(wordsIn(caption));
      builder.closeBlock({ trailingLineBreaks: 2 });
    }
  builder.openBlock({ leadingLineBreaks: 2 });
  if (isLayout) walk(element.children, builder);
  else for (const cells of rows) builder.addLiteral(`| ${cells.join(' | ')} |\n`);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

const options: HtmlToTextOptions = {
  wordwrap: false,
  formatters: { markdownHeading: heading, rows: table },
  selectors: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, format: 'markdownHeading' })),
    ...['script', 'style', 'noscript', 'template', 'svg', 'img', 'nav', 'iframe', 'button', 'select', '[hidden]'].map(
      (selector) => ({ selector, format: 'skip' }),
    ),
    { selector: 'table', format: 'rows' },
    { selector: 'a', format: 'inline' },
    { selector: 'blockquote', format: 'block', options: { leadingLineBreaks: 2, trailingLineBreaks: 2 } },
    { selector: 'hr', format: 'block' },
    { selector: 'ul', options: { itemPrefix: '- ' } },
    ...['td', 'th', 'dt', 'dd', 'figcaption'].map((selector) => ({ selector, format: 'block' })),
  ],
};

function isCell({ name }: DomNode): boolean {
  return name === 'td' || name === 'th';
}

/** Elements of a name at any depth below a node, in their order; not those inside another one of that name. */
function below(node: DomNode, name: string): DomNode[] {
  return (node.children ?? []).flatMap((child) => (child.name === name ? [child] : below(child, name)));
}

function wordsIn(node: DomNode): string {
  const parts = (each: DomNode): string =>
    each.type === 'text' ? (each.data ?? '') : (each.children ?? []).map(parts).join(isInline(each) ? '' : ' ');
  return parts(node).replace(/\s+/gu, ' ').replaceAll('|', '/').trim();
}

function isInline({ name }: DomNode): boolean {
  return /^(?:a|abbr|b|code|em|i|q|s|small|span|strong|sub|sup|u)$/u.test(name ?? '');
}
