/** What is looked at of an element, in a tree or as a parser reports it. */
interface ElementLike {
  readonly name?: string | undefined;
  readonly attribs?: Readonly<Record<string, string>> | undefined;
}

/** Elements that no reader sees, or that are there to be used, not read. */
export const skippedElements = [
  'script',
  'style',
  'noscript',
  'template',
  'svg',
  'nav',
  'iframe',
  'button',
  'select',
] as const;

/** Elements that stand apart from the text around them, beside those that html-to-text knows of itself. */
export const blockElements = [
  ...['address', 'caption', 'center', 'dd', 'details', 'dialog', 'dl', 'dt', 'fieldset', 'figcaption', 'figure'],
  ...['hgroup', 'legend', 'option', 'search', 'summary', 'td', 'th', 'tr'],
] as const;

const knownBlocks = ['article', 'aside', 'blockquote', 'div', 'footer', 'form', 'header', 'hr', 'main', 'p', 'section'];

/** Elements whose place inside another one counts: lists, tables, headings, and what keeps its line ends. */
const structures = new Set([
  ...['html', 'head', 'title', 'body', 'ul', 'ol', 'menu', 'dir', 'li', 'pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'],
  ...['table', 'caption', 'tr', 'td', 'th'],
]);

const skipped = new Set<string>(skippedElements);
const blocks = new Set<string>([...blockElements, ...knownBlocks]);

/** Whether an element leaves no text. */
export function isSkipped({ name = '', attribs }: ElementLike): boolean {
  return skipped.has(name) || attribs?.hidden !== undefined;
}

/** Whether an element has to stay inside the one around it for its text to come out right. */
export function isStructure({ name = '' }: ElementLike): boolean {
  return structures.has(name);
}

/** Whether an element goes on in the line that it stands in. Unknown elements do, as in browsers. */
export function isInline(element: ElementLike): boolean {
  return !isStructure(element) && !blocks.has(element.name ?? '') && element.name !== 'br';
}

/**
 * The words of a picture: its `alt`. Blanks around it keep pictures apart that stand side by side; a picture of one
 * letter is the first of its word.
 */
export function wordsOfPicture({ attribs }: ElementLike): string {
  const words = attribs?.alt?.trim() ?? '';
  return [...words].length > 1 ? ` ${words} ` : words;
}
