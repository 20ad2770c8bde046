import { readFileSync } from 'node:fs';
import { messageOf, usageError } from '../../errors.js';

/** Where the vendors' own variables are sent, and nowhere else. */
const own: Readonly<Record<string, string>> = { OPENAI_API_KEY: 'https://api.openai.com' };

/**
 * The key for a service: SLM_API_KEY, or the first line of SLM_API_KEY_FILE, else the variable of its vendor. A
 * vendor's key goes to the vendor's host alone. Null where there is none. Never to be shown.
 * @throws SlmError of kind `usage` that does not quote it, where it cannot be one
 */
export function keyFor(url: string, env: Readonly<Record<string, string | undefined>>): string | null {
  const file = env.SLM_API_KEY_FILE ?? '';
  if (env.SLM_API_KEY !== undefined && env.SLM_API_KEY !== '') return checked('SLM_API_KEY', env.SLM_API_KEY);
  if (env.SLM_API_KEY === undefined && file !== '') {
    const key = firstLine(file);
    if (key === '') throw usageError(`the first line of the file of SLM_API_KEY_FILE is empty: ${file}`);
    return checked('SLM_API_KEY_FILE', key);
  }
  const vendors = Object.entries(own).filter(([, origin]) => new URL(url).origin === origin);
  const name = vendors.map(([each]) => each).find((each) => (env[each] ?? '') !== '');
  return name === undefined ? null : checked(name, env[name] ?? '');
}

/** A header takes nothing else; the space around it is of copying. */
function checked(name: string, written: string): string {
  const key = written.trim();
  if (/^[\x21-\x7e]+$/u.test(key)) return key;
  throw usageError(`${name} has characters that a key cannot have: spaces, line breaks or letters with accents`);
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch (error) {
    throw usageError(`the file of SLM_API_KEY_FILE cannot be read: ${messageOf(error)}`, undefined, error);
  }
}
