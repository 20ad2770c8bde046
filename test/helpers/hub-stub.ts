import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Seen {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface StubFile {
  readonly body: Buffer;
  /** What the hub says that the digest is, in `x-linked-etag`. */
  readonly linkedEtag?: string;
  readonly linkedSize?: number;
  /** Requests without `Bearer <token>` get 401. */
  readonly token?: string;
  /** Answer with these statuses first, one a GET. */
  readonly failFirst?: readonly number[];
  /** Cut the connection of the first GET after this many bytes. */
  readonly cutAfter?: number;
  /** Without it the server sends no ETag, and ignores Range. */
  readonly etag?: string;
  readonly contentType?: string;
  readonly delayMs?: number;
  /** Sends the file again and again, and does not say how much it sends. */
  readonly endless?: boolean;
}

/**
 * A hub that redirects to a content host (another port, hence another origin), as huggingface.co does, and records
 * every request. A path that is not scripted is a 404.
 */
export async function startHub(t: TestContext, files: Record<string, StubFile>) {
  const seen: Seen[] = [];
  const gets = new Map<string, number>();
  const note = (server: string, request: IncomingMessage) =>
    seen.push({
      server,
      method: request.method ?? '',
      path: request.url ?? '',
      range: request.headers.range,
      authorization: request.headers.authorization,
    });

  const content = createServer((request, response) => {
    note('content', request);
    const file = files[request.url ?? ''];
    if (file === undefined) response.writeHead(404).end();
    else serve(file, request, response, gets);
  });
  const contentUrl = await listen(t, content);

  const hub = createServer((request, response) => {
    note('hub', request);
    const file = files[request.url ?? ''];
    if (file === undefined) return response.writeHead(404).end();
    if (file.token !== undefined && request.headers.authorization !== `Bearer ${file.token}`) {
      return response.writeHead(401).end();
    }
    const linked = file.linkedEtag === undefined ? {} : { 'x-linked-etag': `"${file.linkedEtag}"` };
    return response
      .writeHead(302, {
        location: `${contentUrl}${request.url}`,
        'x-linked-size': file.linkedSize ?? file.body.length,
        ...linked,
      })
      .end();
  });
  return { endpoint: await listen(t, hub), contentUrl, seen };
}

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function serve(file: StubFile, request: IncomingMessage, response: ServerResponse, gets: Map<string, number>): void {
  const nth = gets.get(request.url ?? '') ?? 0;
  gets.set(request.url ?? '', nth + 1);
  const failure = file.failFirst?.[nth];
  if (failure !== undefined) return void response.writeHead(failure).end();
  const { body, etag } = file;
  if (file.endless === true) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const again = () => void (response.destroyed || response.write(body, again));
    again();
    return;
  }
  const from = etag === undefined ? 0 : rangeStart(request, etag);
  const headers: Record<string, string | number> = {
    'content-type': file.contentType ?? 'application/octet-stream',
    'content-length': body.length - from,
  };
  if (etag !== undefined) headers.etag = etag;
  if (from > 0) headers['content-range'] = `bytes ${from}-${body.length - 1}/${body.length}`;
  setTimeout(() => {
    response.writeHead(from > 0 ? 206 : 200, headers);
    if (file.cutAfter === undefined || nth > 0) return void response.end(body.subarray(from));
    response.write(body.subarray(from, from + file.cutAfter), () => setTimeout(() => response.destroy(), 50));
  }, file.delayMs ?? 0);
}

function rangeStart(request: IncomingMessage, etag: string): number {
  const { range, 'if-range': validator } = request.headers;
  if (range === undefined || (validator !== undefined && validator !== etag)) return 0;
  return Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
}
