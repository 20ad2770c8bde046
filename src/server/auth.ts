import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { HttpError } from './errors.js';

/** Lets through who brings one of the keys as `Authorization: Bearer KEY`; without keys, everybody. */
export function requireKey(keys: readonly string[]): MiddlewareHandler {
  const digests = keys.map(digest);
  return async (c, next) => {
    if (digests.length === 0) return next();
    const given = /^Bearer\s+(.+)$/iu.exec(c.req.header('authorization') ?? '')?.[1];
    const challenge = { 'WWW-Authenticate': 'Bearer' };
    if (given === undefined)
      throw new HttpError(401, 'authentication_error', 'give a key as Authorization: Bearer KEY', challenge);
    const one = digest(given.trim());
    // All are compared, each in the same time, so that the time tells nothing.
    const known = digests.map((each) => timingSafeEqual(each, one)).some(Boolean);
    if (!known) throw new HttpError(401, 'authentication_error', 'this key is not known', challenge);
    return next();
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
