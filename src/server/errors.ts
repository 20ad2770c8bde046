import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { messageOf, SlmError } from '../errors.js';

/** An answer that says what is wrong; its form is the route's. */
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

/** A problem in a request's body: the path in it, and what was expected there. */
export interface BodyProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly type: string;
}

/** The type of the problem with a body that is not JSON; its path is a position in the text. */
export const notJson = 'json_invalid';

/** A body that is not of the form that the endpoint takes, with a list of what is wrong. */
export class InvalidBody extends Error {
  readonly problems: readonly BodyProblem[];

  constructor(problems: readonly BodyProblem[]) {
    super(problems.map(said).join('; '));
    this.problems = problems;
  }

  /** The field that is wrong first; null where the body as a whole is. */
  get field(): string | null {
    const [first] = this.problems;
    return first === undefined || first.type === notJson || first.path.length === 0 ? null : first.path.join('.');
  }
}

function said({ path, message, type }: BodyProblem): string {
  if (type === notJson) return `the body is ${message}`;
  return `${path.length === 0 ? 'the body' : path.join('.')}: ${message}`;
}

/** How the clients of a route read what is wrong. */
export interface ErrorForm {
  /** Status of an invalid body. */
  readonly invalidStatus: ContentfulStatusCode;
  invalid(error: InvalidBody): object;
  other(status: number, kind: string, message: string): object;
}

/** Clients of typed decisions: `{ detail: { error_type, message } }`, or a list of `{ loc, msg, type }`. */
export const detailErrors: ErrorForm = {
  invalidStatus: 422,
  invalid: ({ problems }) => ({
    detail: problems.map(({ path, message, type }) => ({ loc: ['body', ...path], msg: message, type })),
  }),
  other: (_status, kind, message) => ({ detail: { error_type: kind, message } }),
};

/** OpenAI's clients: `{ error: { message, type, param, code } }`. */
export const openAiErrors: ErrorForm = {
  invalidStatus: 400,
  invalid: ({ field, message }) => ({
    error: { message, type: 'invalid_request_error', param: field, code: null },
  }),
  other: (_status, kind, message) => ({ error: { message, type: kind, param: null, code: null } }),
};

/** Hugging Face's clients: `{ error, error_type }`. */
export const huggingFaceErrors: ErrorForm = {
  invalidStatus: 422,
  invalid: ({ message }) => ({ error: message, error_type: 'validation' }),
  other: (_status, kind, message) => ({ error: message, error_type: kind }),
};

/** The answer to a request whose client has gone, or that the end of the server has cut short. */
export function interrupted(): HttpError {
  return new HttpError(503, 'interrupted', 'the request was ended early');
}

/** Whether work was ended from outside; that is no defect. */
function isInterruption(error: unknown): boolean {
  if (error instanceof SlmError) return error.kind === 'interrupted';
  return error instanceof Error && error.name === 'AbortError';
}

/** The answer that an error is, in the form that the route's clients read. */
export function errorResponse(c: Context, error: unknown, form: ErrorForm, report: (error: unknown) => void): Response {
  if (error instanceof InvalidBody) return c.json(form.invalid(error), form.invalidStatus);
  if (error instanceof HttpError) {
    for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
    return c.json(form.other(error.status, error.kind, error.message), error.status);
  }
  if (error instanceof SlmError && error.kind === 'usage')
    return c.json(form.other(400, 'invalid_request_error', error.message), 400);
  if (isInterruption(error)) return c.json(form.other(503, 'interrupted', interrupted().message), 503);
  report(error);
  // The message of a defect may contain text of users, which other clients must not see.
  const message = error instanceof SlmError ? messageOf(error) : 'a defect of the server; its log has more';
  return c.json(form.other(500, 'server_error', message), 500);
}
