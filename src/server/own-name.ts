import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { HttpError } from './errors.js';

/** Endings of names that no one can register, so that they are names of this machine or of its network. */
const ownEndings = ['.localhost', '.local', '.internal', '.lan', '.home.arpa'];

/**
 * Lets through who asks for this machine by an address, by a name of its own network or by one of the further names. A
 * page in a browser here can give its own domain the address of this machine (DNS rebinding), and would read the answers.
 */
export function requireOwnName(further: readonly string[]): MiddlewareHandler {
  const known = new Set(further.map((name) => name.toLowerCase()));
  return async (c, next) => {
    const name = nameIn(c.req.header('host') ?? '');
    if (!isOwn(name) && !known.has(name)) {
      const hint = 'start slm serve with --allow-host NAME, or with --api-key-file';
      throw new HttpError(403, 'permission_error', `this server is not known as ${JSON.stringify(name)}; ${hint}`);
    }
    return next();
  };
}

/** The name in `name:port`, lower-case; the brackets of an IPv6 address are left out. */
function nameIn(host: string): string {
  const name = host.replace(/:\d*$/u, '').replace(/\.$/u, '').toLowerCase();
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

function isOwn(name: string): boolean {
  return isIP(name) !== 0 || !name.includes('.') || ownEndings.some((ending) => name.endsWith(ending));
}
