import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { messageOf, SlmError } from '../errors.js';

/** An answer that says what is wrong, in the form that clients of typed decisions read. */
export class HttpError extends Error {
  readonly status: ContentfulStatusCode;
  readonly kind: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ContentfulStatusCode, kind: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.headers = headers;
  }
}

/** What a request's body lacks: a path in it and what was expected there. */
export interface BodyProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly type: string;
}

/** A body that is not of the form that the endpoint takes: 422, with a list of what is wrong. */
export class InvalidBody extends Error {
  readonly problems: readonly BodyProblem[];

  constructor(problems: readonly BodyProblem[]) {
    super(problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    this.problems = problems;
  }
}

/** `{ detail: { error_type, message } }`, or for an invalid body `{ detail: [{ loc, msg, type }] }`. */
export function errorResponse(c: Context, error: unknown, report: (error: unknown) => void): Response {
  if (error instanceof InvalidBody) {
    const detail = error.problems.map(({ path, message, type }) => ({ loc: ['body', ...path], msg: message, type }));
    return c.json({ detail }, 422);
  }
  if (error instanceof HttpError) {
    for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
    return c.json({ detail: { error_type: error.kind, message: error.message } }, error.status);
  }
  if (error instanceof SlmError && error.kind === 'usage')
    return c.json({ detail: { error_type: 'invalid_request_error', message: error.message } }, 400);
  report(error);
  // What a defect says may hold text of users, which other clients must not see.
  const message = error instanceof SlmError ? messageOf(error) : 'a defect of the server; its log has more';
  return c.json({ detail: { error_type: 'server_error', message } }, 500);
}
