import { html, type Markup } from './markup.js';
import { style } from './style.js';

/** A whole page that loads nothing and runs nothing. */
export function pageOf(title: string, description: string, sections: readonly (Markup | null)[]): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${description === '' ? null : html`<p class="quiet">${description}</p>\n`}${sections}</main>
</body>
</html>
`;
  return page.markup;
}
