import { usageError } from '../../errors.js';

/** A model and where it is asked for: `MODEL@https://host/v1`. */
export interface RemoteAddress {
  readonly model: string;
  /** Without a slash at the end. */
  readonly url: string;
  /** The host that texts are sent to; null where that is this machine. */
  readonly host: string | null;
}

/** Checks written addresses of a kind of service, and completes valid ones. */
export function addresses(usualUrl: string | null, example: string) {
  const read = (written: string) => readAddress(written, usualUrl, example);
  const place = (written: string): RemoteAddress => {
    const found = read(written);
    if (typeof found === 'string') throw usageError(`"${written}": ${found}`);
    return found;
  };
  return {
    /** Null where nothing is wrong. */
    problem(written: string): string | null {
      const found = read(written);
      return typeof found === 'string' ? found : null;
    },
    host: (written: string) => place(written).host,
    place,
  };
}

/** @returns the address, or what is wrong with it */
function readAddress(address: string, usualUrl: string | null, example: string): RemoteAddress | string {
  const at = address.lastIndexOf('@http');
  const model = at < 0 ? address : address.slice(0, at);
  const written = at < 0 ? usualUrl : address.slice(at + 1);
  if (model === '' || written === null) return `write the model and its address, as in ${example}`;
  if (!URL.canParse(written)) return `"${written}" is no address; write it as in ${example}`;
  const url = new URL(written);
  if (url.username !== '' || url.password !== '') return 'leave user and password out of the address';
  if (url.search !== '' || url.hash !== '')
    return 'leave "?…" and "#…" out of the address; a key is given by SLM_API_KEY';
  const local = isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !local) return `texts are sent over https alone, as in ${example}`;
  return { model, url: `${url.origin}${url.pathname.replace(/\/+$/u, '')}`, host: local ? null : url.host };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/u.test(host);
}
