import { messageOf } from '../../errors.js';

/** Codes of the system and of Node's client where there was no connection: the network or the service may come back. */
const noConnection = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether there was no connection to a host, which may be there later. */
export function mayBeReachedLater(error: unknown): boolean {
  return codesOf(error).some((code) => noConnection.has(code));
}

/** Whether no later call can succeed: the certificate, the address or what listens there is wrong. */
export function shutOut(error: unknown): boolean {
  return (
    codesOf(error).some((code) => /CERT|SIGNATURE|ISSUER|^ERR_SSL|^HPE_/u.test(code)) || causeOf(error) === 'bad port'
  );
}

/** What `fetch` failed of, which it hides in the cause. */
export function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  // A host with several addresses fails with an error that has a code and no message.
  return messageOf(cause) || (codesOf(error)[0] ?? 'unknown error');
}

function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') codes.push(code);
  }
  return codes;
}
