import { readFileSync } from 'node:fs';
import { messageOf, usageError } from '../../errors.js';

/** Where the vendors' own variables are sent, and nowhere else. */
const own: Readonly<Record<string, string>> = { OPENAI_API_KEY: 'https://api.openai.com' };

/**
 * The key for a service: SLM_API_KEY, or the first line of SLM_API_KEY_FILE, else the variable of its vendor. A
 * vendor's key goes to the vendor's host alone. Null where there is none. Never to be shown.
 */
export function keyFor(url: string, env: Readonly<Record<string, string | undefined>>): string | null {
  const file = env.SLM_API_KEY_FILE ?? '';
  const given = env.SLM_API_KEY ?? (file === '' ? '' : firstLine(file));
  if (given !== '') return given;
  const vendors = Object.entries(own).filter(([, origin]) => new URL(url).origin === origin);
  return vendors.map(([name]) => env[name] ?? '').find((key) => key !== '') ?? null;
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch (error) {
    throw usageError(`the file of SLM_API_KEY_FILE cannot be read: ${messageOf(error)}`, undefined, error);
  }
}
