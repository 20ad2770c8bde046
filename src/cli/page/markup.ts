/** A piece of a page that is written as it is. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | null | readonly Part[];

/** Markup from a template: what is put in is escaped, except markup. Null is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: strings.map((text, i) => text + (i < parts.length ? written(parts[i] as Part) : '')).join('') };
}

function written(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'object') return 'markup' in part ? part.markup : part.map(written).join('');
  return escapeText(String(part));
}

/** Fit for text and for quoted attributes of HTML and XML. What neither may have, such as control characters, becomes visible. */
function escapeText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/[&<>"']/gu, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, (character) => (/[\t\n]/u.test(character) ? character : '\ufffd'));
}

export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly number?: boolean;
  /** Texts of any length, in any script: broken where they must be, so that they push no other column out of sight. */
  readonly long?: boolean;
}

/** A table that scrolls sideways where it is wide. The first cell of a row names it. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Part[])[]): Markup {
  const kind = (at: number) => {
    const { number = false, long = false } = columns[at] ?? {};
    return number ? html` class="number"` : long ? html` class="long"` : null;
  };
  return html`<section class="wide" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ title }, at) => html`<th scope="col"${kind(at)}>${title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (cells) => html`<tr>${cells.map((cell, at) =>
    at === 0 ? html`<th scope="row"${kind(at)}>${cell}</th>` : html`<td${kind(at)}>${cell}</td>`,
  )}</tr>
`,
)}</tbody>
</table></section>
`;
}
