import { isExactNumber, numberKey, parseJson } from '../../json.js';

/**
 * A JSON text in one form for all texts of the same value: without the order of keys, and with numbers by their value
 * in all digits, so that 12 is 12.0, and 9007199254740993 is not 9007199254740992. Null when it is not JSON.
 */
export function canonicalJson(text: string): string | null {
  try {
    return canonicalValue(parseJson(text));
  } catch {
    return null;
  }
}

/** The same of a value that `parseJson` has read. */
export function canonicalValue(value: unknown): string {
  if (typeof value === 'number' || isExactNumber(value)) return numberKey(String(value));
  if (Array.isArray(value)) return `[${value.map(canonicalValue).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalValue(inner)}`).join(',')}}`;
}
