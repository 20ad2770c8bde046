import { modelError } from '../../errors.js';
import type { ModelSource } from '../types.js';
import { download } from './http.js';

/** `https://host/path.gguf`; the address is what follows `https:`. `http:` shares this file. */
export const https: ModelSource = {
  remote: true,
  parts: false,
  problem: (address) => problemOf('https', address),
  fetch: (entry, partial, context) => {
    const url = new URL(`${entry.scheme}:${entry.addresses[0]}`);
    if (url.protocol === 'http:' && context.expected.sha256 === null && !isLoopback(url)) {
      throw modelError(
        `${url.host} is asked over plain http, where anybody on the way can change the file`,
        'Use https, or a manifest that has the sha256.',
      );
    }
    return download({ url, source: entry.label, headersFor: () => ({}) }, partial, context);
  },
};

/** Plain http, for a host of one's own: only with a known digest, or on this machine. */
export const http: ModelSource = { ...https, problem: (address) => problemOf('http', address) };

function problemOf(scheme: string, address: string): string | null {
  const example = `write it as ${scheme}://host/path/model.gguf`;
  if (!address.startsWith('//') || !URL.canParse(`${scheme}:${address}`)) return `is not a URL; ${example}`;
  const url = new URL(`${scheme}:${address}`);
  if (url.username !== '' || url.password !== '') return `has a password in it; ${example}`;
  return null;
}

function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/u.test(url.hostname);
}
