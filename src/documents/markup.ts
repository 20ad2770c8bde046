import type { FormatCallback, HtmlToTextOptions } from 'html-to-text';
import { blockElements, skippedElements, wordsOfPicture } from './markup-elements.js';
import { withoutDeepNesting } from './markup-nesting.js';
import { table } from './markup-table.js';

/** Stands for the `#` of a heading until those that are text are marked; no character of any text. */
const headingMark = '\ufdd0';

/**
 * The text of HTML: headings as in Markdown, a line for each row of a table, a blank line between paragraphs. Links
 * and pictures leave their words. A line of text that begins like a heading gets a backslash, as in Markdown.
 * @throws Error where its elements are nested too deep
 */
export async function textOfMarkup(markup: string): Promise<string> {
  const { convert } = await import('html-to-text');
  return convert(await withoutDeepNesting(markup), options)
    .replace(/\u00a0/gu, ' ')
    .replace(/^[^\S\n]*(?=#{1,6}(?:\s|$))/gmu, '$&\\')
    .replaceAll(headingMark, '#')
    .replace(/\n{3,}/gu, '\n\n');
}

/** The text of XHTML, where `<a id="x"/>` is an empty element; HTML would take all that follows for its content. */
export function textOfXhtml(markup: string): Promise<string> {
  return textOfMarkup(
    markup.replace(emptyElement, (tag, name: string, attributes: string) =>
      voidElement.test(name) ? tag : `<${name}${attributes}></${name}>`,
    ),
  );
}

// No value of XML has `<` in it; without that, text with many quotes would be searched to its end again and again.
const emptyElement = /<([a-z][^\s/>]*)((?:"[^"<]*"|'[^'<]*'|[^"'<>/]|\/(?!>))*)\/>/giu;
const voidElement = /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/iu;

const heading: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(`${headingMark.repeat(Number(element.name?.slice(1)) || 1)} `);
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

const picture: FormatCallback = (element, _walk, builder) => builder.addInline(wordsOfPicture(element));

const options: HtmlToTextOptions = {
  wordwrap: false,
  // The library drops without a word what is beyond a limit; it needs none where nothing is nested deep.
  limits: { maxInputLength: Number.POSITIVE_INFINITY },
  formatters: { markdownHeading: heading, rows: table, alt: picture },
  selectors: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, format: 'markdownHeading' })),
    ...skippedElements.map((selector) => ({ selector, format: 'skip' })),
    { selector: '[hidden]', format: 'skip' },
    ...blockElements.map((selector) => ({ selector, format: 'block' })),
    { selector: 'table', format: 'rows' },
    { selector: 'img', format: 'alt' },
    { selector: 'a', format: 'inline' },
    { selector: 'blockquote', format: 'block', options: { leadingLineBreaks: 2, trailingLineBreaks: 2 } },
    { selector: 'hr', format: 'block' },
    ...['ul', 'menu', 'dir'].map((selector) => ({
      selector,
      format: 'unorderedList',
      options: { itemPrefix: '- ', leadingLineBreaks: 2, trailingLineBreaks: 2 },
    })),
    // In a list, the list says how its items are apart; this is for one without a list around it.
    { selector: 'li', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
  ],
};
