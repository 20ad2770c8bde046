/**
 * A text without anything that acts on a terminal: U+001B as ␛ and so on, line ends and tabs aside; marks that change
 * the writing direction are dropped.
 */
export function harmless(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(/(?![\n\t])\p{Cc}/gu, (control) => {
      const code = control.charCodeAt(0);
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u2421';
    })
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '');
}

/** A plain value with all texts in it, keys too, made harmless. */
export function harmlessValues<T>(value: T): T {
  if (typeof value === 'string') return harmless(value) as T;
  if (Array.isArray(value)) return value.map(harmlessValues) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [harmless(key), harmlessValues(item as unknown)]),
  ) as T;
}

/** Goes to the beginning of the line and empties it. */
export const emptyLine = '\r\u001b[2K';

/**
 * The way for all that a program says to people: whatever a file, a model or a text has put into a message, nothing of
 * it acts on the terminal. Only `emptyLine` at the very beginning is ours.
 */
export function sayTo(write: (text: string) => unknown): (text: string) => void {
  return (text) => {
    const own = text.startsWith(emptyLine) ? emptyLine : '';
    write(own + harmless(text.slice(own.length)));
  };
}

/** JSON for people and programs, with a line end: the same value, and nothing in it acts on a terminal. */
export function jsonText(value: unknown): string {
  return `${harmlessJson(JSON.stringify(value, null, 2))}\n`;
}

/** The same JSON with escapes for what acts on a terminal; JSON itself escapes all below U+0020. */
export function harmlessJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
