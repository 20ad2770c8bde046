import { setTimeout as wait } from 'node:timers/promises';
import { modelError } from '../../errors.js';
import type { PartialFile } from '../partial.js';
import type { NetworkLimits, SourceContext } from '../types.js';
import { asSlmError, networkError, statusError, Transient } from './http-errors.js';

/*
 * Why our own downloader on Node's fetch: ipull, which node-llama-cpp brings, keeps no digest, accepted a file that
 * was cut off, writes to stdout and retried a missing file for ten minutes. What is needed beside a
 * digest is short: Range, If-Range, retry, and a token that stays with its host.
 */

export interface HttpRequest {
  readonly url: URL;
  /** Label of the source, to tell whose partial file it is. */
  readonly source: string;
  /** Headers for a host; asked again after each redirect, so that a token stays where it belongs. */
  headersFor(url: URL): Record<string, string>;
}

const maxRedirects = 10;

/** Downloads into `partial`, resuming and retrying. Throws SlmError. */
export async function download(request: HttpRequest, partial: PartialFile, context: SourceContext): Promise<void> {
  await retrying(context, partial.bytes, () => attempt(request, partial, context));
}

/**
 * Runs `work` until it succeeds, fails for good, or fails `retries` times in a row without progress. `progress`
 * grows when an attempt achieved something.
 */
export async function retrying<T>(
  context: Pick<SourceContext, 'env' | 'signal'>,
  progress: () => number,
  work: () => Promise<T>,
): Promise<T> {
  const { retries, retryMs } = context.env.network;
  for (let failures = 0; ; ) {
    const before = progress();
    try {
      return await work();
    } catch (error) {
      if (context.signal.aborted || !(error instanceof Transient)) throw error;
      failures = progress() > before ? 1 : failures + 1;
      if (failures > retries) throw asSlmError(error);
      await wait(error.waitMs ?? retryMs * 2 ** (failures - 1), undefined, { signal: context.signal });
    }
  }
}

/** One request, and its body appended to the partial file. */
async function attempt(request: HttpRequest, partial: PartialFile, context: SourceContext): Promise<void> {
  const guard = stallGuard(context.signal, context.env.network);
  try {
    const have = await resumable(request.source, partial, context);
    const { response, url } = await follow(request, 'GET', have?.headers ?? {}, guard.signal);
    try {
      // Hashing what is there already takes a while that is not the server's fault.
      guard.pause();
      const total = await startWriting(response, url, have?.bytes ?? 0, request, partial, context);
      if (total === 'complete') return;
      guard.touch();
      await receive(response, url, total, partial, context, guard.touch);
    } finally {
      // Frees the connection when the body was not read to its end.
      if (response.body !== null && !response.body.locked) await response.body.cancel().catch(() => undefined);
    }
  } catch (error) {
    if (guard.stalled())
      throw new Transient(`${request.url.host} sent nothing for ${context.env.network.stallMs / 1000} s`);
    throw error;
  } finally {
    guard.pause();
  }
}

/** How much of the partial file can be continued, and the headers that ask for the rest. */
async function resumable(source: string, partial: PartialFile, context: SourceContext) {
  const left = await partial.leftover(source);
  if (left === null) return null;
  const { validator } = left.bookmark;
  // Without a validator only a known digest can tell whether the two halves belong together.
  if (validator === undefined && context.expected.sha256 === null) return null;
  const headers: Record<string, string> = { range: `bytes=${left.bytes}-` };
  if (validator !== undefined) headers['if-range'] = validator;
  return { bytes: left.bytes, headers };
}

/**
 * Checks the response and opens the partial file at the right place. Returns the size of the whole file, null
 * when the server does not say, or `complete` when nothing is missing.
 */
async function startWriting(
  response: Response,
  url: URL,
  have: number,
  request: HttpRequest,
  partial: PartialFile,
  context: SourceContext,
): Promise<number | null | 'complete'> {
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 416 && have > 0) {
    if (Number(range?.[2]) === have) {
      await partial.resume(have);
      return 'complete';
    }
    await partial.discard();
    throw new Transient(`${url.host} cannot continue the download; starting again`);
  }
  if (!response.ok) throw statusError(response, url);
  refuseText(response, url);
  const continues = response.status === 206 && Number(range?.[1]) === have && have > 0;
  if (response.status === 206 && !continues) {
    await partial.discard();
    throw new Transient(`${url.host} sent another part than was asked for; starting again`);
  }
  const length = response.headers.get('content-length');
  const total = continues ? Number(range?.[2]) : length === null ? null : Number(length);
  await context.announce({ bytes: total, sha256: null });
  await (continues ? partial.resume(have) : partial.restart());
  const validator = validatorOf(response);
  await partial.bookmark({ source: request.source, ...(validator === null ? {} : { validator }) });
  return total;
}

/** A login page or a captive portal answers 200 with text. */
function refuseText(response: Response, url: URL): void {
  const type = response.headers.get('content-type') ?? '';
  if (/^text\/html|^application\/(xhtml|json)/i.test(type)) {
    throw modelError(
      `${url.host} sent a web page or text (${type}) instead of a model file`,
      'Check the address in a browser: it may be a page about the file, or need a login.',
    );
  }
}

/** Only strong validators may be used with If-Range (RFC 9110 §13.1.5). */
function validatorOf(response: Response): string | null {
  const etag = response.headers.get('etag');
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return response.headers.get('last-modified');
}

async function receive(
  response: Response,
  url: URL,
  total: number | null,
  partial: PartialFile,
  context: SourceContext,
  touch: () => void,
): Promise<void> {
  if (response.body === null) throw new Transient(`${url.host} sent no content`);
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw networkError(error, url);
      });
      if (done) break;
      touch();
      await partial.write(value);
      context.progress(partial.bytes());
      // A server that does not say how much it sends could fill the disk.
      const { bytes } = context.expected;
      if (bytes !== null && partial.bytes() > bytes) {
        await partial.discard();
        throw modelError(`${url.host} sends more than the ${bytes} bytes of the file`);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (total !== null && partial.bytes() < total) {
    throw new Transient(`${url.host} ended after ${partial.bytes()} of ${total} bytes`);
  }
}

/** Follows redirects by hand: headers are chosen anew for each host, and https never becomes http. */
export async function follow(
  request: HttpRequest,
  method: 'GET' | 'HEAD',
  headers: Record<string, string>,
  signal: AbortSignal,
  mayFollow: (next: URL, response: Response) => boolean = () => true,
): Promise<{ response: Response; url: URL }> {
  let { url } = request;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await send(url, method, { ...request.headersFor(url), ...headers }, signal);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return { response, url };
    const next = placeOf(location, url);
    if (!mayFollow(next, response)) return { response, url };
    await response.body?.cancel();
    if (next.protocol !== 'https:' && (url.protocol === 'https:' || next.protocol !== 'http:')) {
      throw modelError(`${url.host} redirects to ${next.protocol}//${next.host}, which is not safe`);
    }
    url = next;
  }
  throw modelError(`${request.url.host} redirects more than ${maxRedirects} times`);
}

function placeOf(location: string, from: URL): URL {
  if (URL.canParse(location, from.href)) return new URL(location, from);
  throw modelError(`${from.host} redirects to an invalid address`);
}

async function send(url: URL, method: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      redirect: 'manual',
      signal,
      // The file's own bytes: compressed ones could be neither counted nor resumed.
      headers: { 'user-agent': 'slm', 'accept-encoding': 'identity', ...headers },
    });
  } catch (error) {
    throw networkError(error, url);
  }
}

/** A signal that fires when `touch` was not called for `stallMs`, or when `outer` fires. */
export function stallGuard(outer: AbortSignal, limits: NetworkLimits) {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), limits.stallMs);
  const pause = () => clearTimeout(timer);
  let timer = start();
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    touch: () => {
      pause();
      timer = start();
    },
    pause,
    stalled: () => controller.signal.aborted && !outer.aborted,
  };
}
