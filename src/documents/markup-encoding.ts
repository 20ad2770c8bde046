/** Where browsers look for the encoding. */
const headBytes = 1024;

/**
 * The encoding that markup declares in its first kilobyte: in its XML declaration, else in `<meta>`. By the labels of
 * https://encoding.spec.whatwg.org, so `iso-8859-1` is windows-1252, as in browsers. Null where it declares none, an
 * unknown one, or one of Unicode: in UTF-16 nobody could read the declaration, and UTF-8 goes without saying.
 */
export function declaredEncoding(bytes: Buffer): string | null {
  const head = bytes.subarray(0, headBytes).toString('latin1');
  const label =
    /^\s*<\?xml[^>]+encoding\s*=\s*["']\s*([^\s"'>]+)/u.exec(head)?.[1] ??
    /<meta[^>]+charset\s*=\s*["']?\s*([^\s"'>;/]+)/iu.exec(head)?.[1];
  const name = label === undefined ? null : encodingOfLabel(label.toLowerCase());
  return name?.startsWith('utf-') ? null : name;
}

function encodingOfLabel(label: string): string | null {
  // Node has no data for this one of the labels.
  if (label === 'iso-8859-16') return label;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return null;
  }
}
