import { messageOf, modelError, SlmError } from '../../errors.js';

/** A failure that may pass: worth another attempt. */
export class Transient extends Error {
  override readonly name = 'Transient';
  /** The pause that the server asked for (Retry-After), milliseconds. */
  readonly waitMs: number | null;

  constructor(message: string, options: { waitMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.waitMs = options.waitMs ?? null;
  }
}

const transientCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** Sorts what `fetch` or a body throws: a Transient, an SlmError, or the same thing when it is neither's. */
export function networkError(error: unknown, url: URL): unknown {
  const code = codeOf(error);
  if (code === null) return error;
  if (transientCodes.has(code)) return new Transient(`the connection to ${url.host} broke (${code})`, { cause: error });
  return unreachable(url, code, error);
}

/** The system's or undici's code, which `fetch` hides in the cause; null when it is no network error. */
function codeOf(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    // A host with several addresses fails with an AggregateError, which has a code of its own.
    const code = at instanceof SlmError ? undefined : (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return code;
  }
  if (!(error instanceof TypeError)) return null;
  if (error.message === 'terminated') return 'UND_ERR_SOCKET';
  return error.message === 'fetch failed' ? messageOf(error.cause) : null;
}

function unreachable(url: URL, code: string, cause: unknown): SlmError {
  if (/CERT|SIGNATURE|ISSUER/.test(code)) {
    return modelError(
      `the certificate of ${url.host} is not trusted (${code})`,
      'Behind a company proxy, give its certificate in NODE_EXTRA_CA_CERTS.',
      cause,
    );
  }
  if (code.startsWith('HPE_')) {
    return modelError(
      `${url.host} answered with something that is not HTTP (${code})`,
      'Check the address: another program may listen there, or want https.',
      cause,
    );
  }
  const what = code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? 'the host is not found' : `no connection (${code})`;
  return modelError(
    `cannot reach ${url.host}: ${what}; is the network up?`,
    'Node uses a proxy only when asked: NODE_USE_ENV_PROXY=1 with HTTPS_PROXY (Node 22.21 or later).',
    cause,
  );
}

/** A status that is no success as an error; 5xx, 408 and 429 are transient. The body is not read. */
export function statusError(response: Response, url: URL): Transient | SlmError {
  const { status } = response;
  const text = `${url.host} answered ${status}${response.statusText === '' ? '' : ` ${response.statusText}`}`;
  if (status >= 500 || status === 408 || status === 429) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return new Transient(text, seconds > 0 && seconds <= 60 ? { waitMs: seconds * 1000 } : {});
  }
  return modelError(`${text} for ${printable(url)}`);
}

/** Without the query, which may hold a signature. */
function printable(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

export function asSlmError(error: unknown): unknown {
  return error instanceof Transient ? modelError(messageOf(error), 'Try again later.', error) : error;
}
