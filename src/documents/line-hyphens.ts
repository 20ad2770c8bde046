/** A word, with the hyphens inside it. */
const word = /\p{L}[\p{L}\p{M}]*(?:[-\u2010]\p{L}[\p{L}\p{M}]*)*/gu;
/** After a hyphen that stands for the rest of a word: "pre- and post-war", "Ein- und Ausgang". */
const conjunction = /^(?:and|or|und|oder|bzw|sowie)(?![\p{L}\p{M}])/u;

/** Words of lines, lower case, and the parts of those with hyphens. */
export function wordsOfLines(lines: Iterable<string>): Set<string> {
  const words = new Set<string>();
  for (const line of lines) {
    for (const [found] of line.replace(/\u00ad/gu, '').matchAll(word)) {
      const whole = plain(found);
      words.add(whole);
      if (whole.includes('-')) for (const part of whole.split('-')) words.add(part);
    }
  }
  return words;
}

/**
 * How a line that ends with a hyphen goes on in the next one, if that begins with a small letter. `cut`: only the line
 * end has brought the hyphen. `compound`: it belongs to the word, since the document has the word elsewhere with it and
 * nowhere without ("well-known"), or since the word has another hyphen ("state-of-the-art") and the document does not
 * have it without this one. `null`: the lines are no one word.
 * @param words of the document
 */
export function wordAcrossLines(before: string, after: string, words: ReadonlySet<string>): 'cut' | 'compound' | null {
  const start = /(?<![\p{L}\p{M}])(?:\p{L}[\p{L}\p{M}]*[-\u2010])*\p{L}[\p{L}\p{M}]*(?=[-\u00ad\u2010]$)/u.exec(
    before,
  )?.[0];
  const end = /^\p{Ll}[\p{L}\p{M}]*(?:[-\u2010]\p{L}[\p{L}\p{M}]*)*/u.exec(after)?.[0];
  if (start === undefined || end === undefined) return null;
  if (before.endsWith('\u00ad')) return 'cut';
  if (conjunction.test(after)) return null;
  const left = plain(start).split('-');
  const right = plain(end).split('-');
  const isOneWord = words.has(`${left.at(-1)}${right[0]}`);
  if (isOneWord) return 'cut';
  return left.length + right.length > 2 || words.has(`${left[0]}-${right[0]}`) ? 'compound' : 'cut';
}

function plain(found: string): string {
  return found.toLowerCase().replaceAll('\u2010', '-');
}
