import pLimit from 'p-limit';
import pRetry, { AbortError } from 'p-retry';
import { onAbort } from '../../abort-listeners.js';
import { failure, modelError, type SlmError, usageError } from '../../errors.js';
import { formatDuration } from '../../quantities.js';
import type { ServiceOptions } from '../types.js';
import type { RemoteAddress } from './address.js';
import { keyFor } from './key.js';
import { createSpending, type Spending } from './spending.js';
import { causeOf, mayBeReachedLater, shutOut } from './unreachable.js';

/** Asks one service. */
export interface RemoteClient {
  /**
   * The JSON that the service answers with. Waits for a free place; repeats what may succeed later.
   * @throws SlmError of kind `model` where no further call can succeed, else of kinds that are the record's alone
   */
  post(path: string, body: object, signal?: AbortSignal): Promise<unknown>;
  readonly spending: Spending;
  /** Address of the service, without a slash at the end. */
  readonly url: string;
}

const repeats = 5;
/** A service that wants to be left alone for longer is an error. */
const longestWaitMs = 120_000;
/** Answers worth another try: busy, overloaded, broken for the moment. */
const passing = new Set([408, 409, 425, 429, 500, 502, 503, 504, 529]);

/** Some servers answer with 500 to what they do not take: no repeating mends a request whose field they name. */
const namesField = /response_format|logprobs|max_tokens|max_completion_tokens|temperature/u;

/** Longer answers are none: a service that sends without end shall not fill the memory. */
const longestAnswerBytes = 64 << 20;

/** A refusal that may pass, and how long the service asks to wait. */
class Passing extends Error {
  readonly waitMs: number;
  /** Whether there was no connection. */
  readonly unreachable: boolean;

  constructor(message: string, { waitMs = 0, unreachable = false } = {}) {
    super(message);
    this.waitMs = waitMs;
    this.unreachable = unreachable;
  }
}

export function createClient({ url, host }: RemoteAddress, options: ServiceOptions): RemoteClient {
  const { settings, reference, env, ledger } = options;
  const key = keyFor(url, env);
  const spending = createSpending(reference, settings.price, settings.budget, ledger);
  const limit = pLimit(settings.concurrency);
  let told = false;
  const where = host ?? new URL(url).host;
  const hide = (text: string) => (key === null ? text : text.replaceAll(key, '…')).slice(0, 500);

  const once = async (path: string, body: string, signal: AbortSignal): Promise<unknown> => {
    const time = AbortSignal.timeout(settings.timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(key === null ? {} : { Authorization: `Bearer ${key}` }) },
        body,
        // A key must not follow to another host.
        redirect: 'manual',
        signal: AbortSignal.any([signal, time]),
      });
      text = await textOf(response);
    } catch (error) {
      if (signal.aborted) throw new AbortError(signal.reason instanceof Error ? signal.reason : 'ended');
      if (time.aborted) throw new Passing(`${where} gave no answer within ${settings.timeoutMs / 1000} s`);
      if (error instanceof TooLong) throw new AbortError(failure(`${where} gave an answer of more than 64 MiB`));
      const problem = `${where} cannot be reached: ${hide(causeOf(error))}`;
      if (shutOut(error)) throw new AbortError(unreachable(problem));
      throw new Passing(problem, { unreachable: mayBeReachedLater(error) });
    }
    const to = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && to !== null) {
      throw new AbortError(
        modelError(
          `${where} redirects to ${hide(to)}, which is not followed`,
          `Give that address after @, without ${path} at its end.`,
        ),
      );
    }
    if (response.ok) return parsed(text, where, hide);
    const problem = `${where} answered with ${response.status}: ${hide(problemIn(text))}`;
    const hopeless = response.status === 500 ? namesField : /insufficient_quota/u;
    if (passing.has(response.status) && !hopeless.test(text))
      throw new Passing(problem, { waitMs: waitOf(response.headers, options.date) });
    throw new AbortError(refusal(response.status, problem, key !== null));
  };

  return {
    spending,
    url,
    post: (path, body, signal = options.signal) =>
      limit(async () => {
        const ended = AbortSignal.any([signal, options.signal]);
        const text = JSON.stringify(body);
        spending.check();
        try {
          return await pRetry(() => once(path, text, ended), {
            retries: repeats,
            minTimeout: settings.firstWaitMs,
            maxTimeout: 30_000,
            randomize: true,
            signal: ended,
            async onFailedAttempt({ error, retriesLeft }) {
              if (!(error instanceof Passing) || retriesLeft === 0) return;
              if (error.unreachable && !told) options.onNotice(`${error.message}; trying again`);
              told ||= error.unreachable;
              await pause(error.waitMs, ended);
            },
            shouldRetry: ({ error }) => error instanceof Passing && error.waitMs <= longestWaitMs,
          });
        } catch (error) {
          if (!(error instanceof Passing)) throw error;
          if (error.waitMs > longestWaitMs) {
            const wait = `asks to wait for ${formatDuration(error.waitMs / 1000)}`;
            throw failure(`${error.message} (it ${wait}, which is too long)`);
          }
          const message = `${error.message} (${repeats + 1} attempts)`;
          throw error.unreachable ? unreachable(message) : failure(message);
        }
      }),
  };
}

/** No record can be done without the service: the run ends, and goes on where it ended. */
function unreachable(problem: string): SlmError {
  return modelError(problem, 'Is the address right, does the service run, and is the network up?');
}

class TooLong extends Error {}

/** The body of an answer, at most so long as answers are. */
async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > longestAnswerBytes) throw new TooLong();
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Errors that a retry cannot repair: the user has to fix the key, the model or the account before anything is sent. */
function refusal(status: number, problem: string, hasKey: boolean): SlmError {
  if (status === 401 || status === 403)
    return modelError(problem, hasKey ? 'The key is not accepted.' : 'Give a key: SLM_API_KEY or SLM_API_KEY_FILE.');
  if (status === 402 || status === 404 || status === 429) return modelError(problem);
  return usageError(problem);
}

/** Some services tell an error of what is behind them in an answer that succeeds. */
function parsed(text: string, where: string, hide: (text: string) => string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AbortError(failure(`${where} answered with something that is not JSON`));
  }
  const isError = typeof value === 'object' && value !== null && 'error' in value && value.error != null;
  if (isError) throw new AbortError(failure(`${where} answered with an error: ${hide(problemIn(text))}`));
  return value;
}

/** Text of an error, in the forms that services have. */
function problemIn(text: string): string {
  try {
    const { error, detail } = JSON.parse(text) as { error?: { message?: string } | string; detail?: unknown };
    if (typeof error === 'string') return error;
    if (typeof error?.message === 'string') return error.message;
    return typeof detail === 'string' ? detail : JSON.stringify(detail ?? error ?? text);
  } catch {
    return text.trim();
  }
}

/**
 * The time to wait that a service asks for, in milliseconds: as OpenAI's header says it, or by RFC 9110 in seconds or as
 * a date. A date is by the clock of the service, where the answer has it.
 */
function waitOf(headers: Headers, date: () => number): number {
  const exact = Number(headers.get('retry-after-ms') ?? '0');
  if (exact > 0) return exact;
  const written = headers.get('retry-after') ?? '0';
  const seconds = Number(written);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const sent = Date.parse(headers.get('date') ?? '');
  const wait = Date.parse(written) - (Number.isNaN(sent) ? date() : sent);
  return Number.isNaN(wait) ? 0 : Math.max(0, wait);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || ms > longestWaitMs || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stopListening();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const stopListening = onAbort(signal, done);
  });
}
