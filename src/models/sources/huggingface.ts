import { modelError, SlmError } from '../../errors.js';
import type { Expected, ModelEnvironment, ModelSource, SourceContext } from '../types.js';
import { download, follow, type HttpRequest, retrying, stallGuard } from './http.js';
import { networkError, statusError, Transient } from './http-errors.js';

interface Address {
  readonly repo: string;
  readonly path: string;
  readonly revision: string;
}

/** `hf:owner/repo/path.gguf#revision`, from huggingface.co or the mirror in HF_ENDPOINT. */
export const huggingface: ModelSource = {
  remote: true,
  parts: false,
  problem: (address) =>
    parse(address) === null
      ? 'is not complete; write it as hf:owner/repo/file.gguf or hf:owner/repo/file.gguf#revision'
      : null,
  fetch: async (entry, partial, context) => {
    const address = parse(entry.addresses[0] ?? '');
    if (address === null) throw new Error(`unchecked address ${entry.label}`);
    const request = requestFor(address, entry.label, context.env);
    try {
      const found = await retrying(context, partial.bytes, () => head(request, context));
      await context.announce(found);
      await download(request, partial, context);
    } catch (error) {
      throw explain(error, address, context.env);
    }
  },
};

function parse(address: string): Address | null {
  const found = /^([\w.-]+\/[\w.-]+)\/([^#?]*[^#?/])(?:#([\w./-]+))?$/.exec(address);
  if (found === null || found[2]?.split('/').includes('..')) return null;
  return { repo: found[1] ?? '', path: found[2] ?? '', revision: found[3] ?? 'main' };
}

function requestFor(address: Address, source: string, env: ModelEnvironment): HttpRequest {
  const path = address.path.split('/').map(encodeURIComponent).join('/');
  checkSettings(env);
  const url = new URL(`${env.hfEndpoint}/${address.repo}/resolve/${encodeURIComponent(address.revision)}/${path}`);
  return {
    url,
    source,
    // The hub redirects to a content network with signed URLs; the token is none of its business.
    headersFor: (to): Record<string, string> =>
      env.hfToken !== null && to.origin === url.origin ? { authorization: `Bearer ${env.hfToken}` } : {},
  };
}

/** @throws SlmError where the environment names no hub, or a token that no header can carry; the token is not shown */
function checkSettings({ hfEndpoint, hfToken }: ModelEnvironment): void {
  const url = URL.canParse(hfEndpoint) ? new URL(hfEndpoint) : null;
  const form = 'Write it as https://HOST, or unset it for the hub itself.';
  if (url?.username || url?.password)
    throw modelError('HF_ENDPOINT has a password in it', `A token for it goes into HF_TOKEN. ${form}`);
  if (url === null || !/^https?:$/u.test(url.protocol))
    throw modelError(`HF_ENDPOINT is "${hfEndpoint}", which is no address of a hub`, form);
  if (hfToken !== null && !/^[\x21-\x7e]+$/u.test(hfToken))
    throw modelError(
      'HF_TOKEN has a character that no token has, such as a space, a line end or an ellipsis',
      `Copy the token again from ${hfEndpoint}/settings/tokens.`,
    );
}

/**
 * The hub's own size and digest of a file in LFS: `x-linked-size` and `x-linked-etag`, on the first response that
 * has them (https://huggingface.co/docs/huggingface_hub/package_reference/file_download).
 */
async function head(request: HttpRequest, context: SourceContext): Promise<Expected> {
  const guard = stallGuard(context.signal, context.env.network);
  try {
    // A renamed repository redirects on the same host; further than that there is nothing to learn.
    const { response, url } = await follow(
      request,
      'HEAD',
      {},
      guard.signal,
      (next, { headers }) => next.origin === request.url.origin && !headers.has('x-linked-etag'),
    );
    if (response.status >= 400 && response.status !== 405 && response.status !== 501) throw statusError(response, url);
    const etag =
      response.headers
        .get('x-linked-etag')
        ?.replace(/^W\/|"/g, '')
        .toLowerCase() ?? '';
    const size = response.headers.get('x-linked-size');
    return { sha256: /^[0-9a-f]{64}$/.test(etag) ? etag : null, bytes: size === null ? null : Number(size) };
  } catch (error) {
    if (guard.stalled()) throw new Transient(`${request.url.host} did not answer`);
    throw networkError(error, request.url);
  } finally {
    guard.pause();
  }
}

/** Says what the hub's bare status means. */
function explain(error: unknown, address: Address, env: ModelEnvironment): unknown {
  if (!(error instanceof SlmError)) return error;
  const page = `${env.hfEndpoint}/${address.repo}`;
  if (/answered 40[13]\b/.test(error.message)) {
    return env.hfToken === null
      ? modelError(
          `${error.message}: ${address.repo} needs a login, or does not exist`,
          `Accept the licence on ${page} and set HF_TOKEN to a token from ${env.hfEndpoint}/settings/tokens.`,
          error,
        )
      : modelError(
          `${error.message}: the token in HF_TOKEN gives no access to ${address.repo}`,
          `Accept the licence on ${page}, and check that the token may read that repository.`,
          error,
        );
  }
  if (/answered 404\b/.test(error.message)) {
    return modelError(
      `${error.message}: there is no file "${address.path}" in ${address.repo} at revision ${address.revision}`,
      `${page}/tree/main lists the files.`,
      error,
    );
  }
  return error;
}
