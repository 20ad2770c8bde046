import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { requireKey } from './auth.js';
import { chat } from './chat.js';
import { decisions } from './decisions.js';
import { detailErrors, type ErrorForm, errorResponse, HttpError, interrupted } from './errors.js';
import { healthz, readyz } from './health.js';
import { huggingFace } from './hugging-face.js';
import { createMeasures, measured, metricsRoute } from './metrics.js';
import { models } from './models.js';
import { requireOwnName } from './own-name.js';
import { page } from './page/index.js';
import { checkQuery } from './query.js';
import type { Route } from './routes.js';
import { run } from './run.js';
import { systemone } from './systemone.js';
import type { ServerContext } from './types.js';

/** Every way in. A new one is a file and a line here. */
const routes: readonly Route[] = [healthz, readyz, models, systemone, decisions, chat, huggingFace, run, page];

/** The server as a function from requests to responses. */
export function createApp(context: ServerContext): OpenAPIHono {
  const measures = createMeasures(context.memoryBytes);
  const server: ServerContext = { ...context, pool: measured(context.pool, measures) };
  const app = new OpenAPIHono();
  let underWay = 0;
  const count = (change: number) => {
    underWay += change;
    measures.underWay(underWay);
  };

  app.use(async (c, next) => {
    const start = server.now();
    const id = safeId(c.req.header('x-request-id')) ?? server.requestId();
    c.header('X-Request-Id', id);
    const finish = () => {
      const seconds = (server.now() - start) / 1000;
      const route = c.get('route' as never) as string | undefined;
      measures.requestDone(route ?? 'none', c.res.status, seconds);
      server.log(`${id} ${c.req.method} ${route ?? '-'} ${c.res.status} ${Math.round(seconds * 1000)} ms`);
    };
    c.set('finish' as never, finish as never);
    await next();
    if (c.get('streams' as never) !== true) finish();
  });
  const limitBody = bodyLimit({
    maxSize: server.limits.bodyBytes,
    onError: () => {
      throw new HttpError(413, 'invalid_request_error', `the body has more than ${server.limits.bodyBytes} bytes`);
    },
  });
  // Who knows a key is no page of a stranger.
  const anyName = server.keys.length > 0 || server.hostNames === null;
  const guards = anyName ? [requireKey(server.keys)] : [requireOwnName(server.hostNames)];

  const measuring = metricsRoute(measures);
  for (const route of [...routes, measuring]) {
    app.openAPIRegistry.registerPath(describe(route));
    const handle = async (c: Context): Promise<Response> => {
      if (route.query !== undefined) checkQuery(c, route.query);
      if (route.work !== true) return route.handle(c, server, { signal: c.req.raw.signal });
      if (server.closing.aborted) throw new HttpError(503, 'closing', 'the server is ending', { 'Retry-After': '5' });
      if (underWay >= server.limits.requests) {
        throw new HttpError(429, 'rate_limit_error', `${underWay} requests are under way; try again later`, {
          'Retry-After': '1',
        });
      }
      count(1);
      const time = AbortSignal.timeout(server.limits.requestMs);
      try {
        const response = await route.handle(c, server, { signal: AbortSignal.any([c.req.raw.signal, time]) });
        if (response.body === null || isJson(response)) {
          count(-1);
          return response;
        }
        c.set('streams' as never, true as never);
        const end = () => {
          count(-1);
          (c.get('finish' as never) as () => void)();
        };
        return new Response(counted(response.body, end), response);
      } catch (error) {
        count(-1);
        if (time.aborted)
          throw new HttpError(504, 'timeout', `the request took more than ${server.limits.requestMs / 1000} s`);
        // Whatever went wrong since then: nobody reads the answer.
        throw hasGone(c, error) ? interrupted() : error;
      }
    };
    app.on(
      route.method.toUpperCase(),
      route.path,
      async (c, next) => {
        c.set('route' as never, route.path as never);
        c.set('errors' as never, (route.errors ?? detailErrors) as never);
        await next();
      },
      ...(route.open === true ? [] : guards),
      // A stream is as long as it likes; each of its records is bounded.
      ...(route.body === undefined || route.mediaType !== undefined ? [] : [limitBody]),
      handle,
    );
  }
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'slm', version: server.version, description: 'Tasks done by a small model on this machine' },
  });
  const methods = [...routes, measuring].map(({ method, path }) => [pathPattern(path), method.toUpperCase()] as const);
  app.notFound((c) => {
    const { pathname } = new URL(c.req.url);
    const allowed = methods.filter(([pattern]) => pattern.test(pathname)).map(([, method]) => method);
    const error =
      allowed.length === 0
        ? new HttpError(404, 'not_found_error', `no ${c.req.method} ${pathname} here`)
        : new HttpError(405, 'invalid_request_error', `${pathname} takes ${allowed.join(', ')}, no ${c.req.method}`, {
            Allow: allowed.join(', '),
          });
    return errorResponse(c, error, detailErrors, report);
  });
  app.onError((error, c) => errorResponse(c, error, errorsOf(c), report));
  return app;

  function report(error: unknown): void {
    server.log(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

/** Whether the client has closed its connection; a body that is cut off says so before the request does. */
function hasGone(c: Context, error: unknown): boolean {
  return c.req.raw.signal.aborted || (error instanceof Error && 'code' in error && error.code === 'ECONNRESET');
}

/** Returns whether a response is written at once, and is no stream, as one of JSON Lines is. */
function isJson(response: Response): boolean {
  return /^application\/json(?:;|$)/u.test(response.headers.get('content-type') ?? '');
}

function errorsOf(c: Context): ErrorForm {
  return (c.get('errors' as never) as ErrorForm | undefined) ?? detailErrors;
}

function describe(route: Route) {
  const parameters = [...route.path.matchAll(/:(\w+)/gu)].map((match) => ({
    name: match[1] as string,
    in: 'path' as const,
    required: true,
    schema: { type: 'string' as const },
  }));
  const media = route.mediaType ?? 'application/json';
  return {
    method: route.method,
    path: route.path.replace(/:(\w+)/gu, '{$1}'),
    summary: route.summary,
    parameters,
    request: {
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.body === undefined ? {} : { body: { content: { [media]: { schema: route.body } } } }),
    },
    responses: { 200: { description: 'The answer', content: { [media]: { schema: route.answer } } } },
  };
}

/** `/run/:task` as a pattern for the paths that it stands for. */
function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/gu, '\\.').replace(/:\w+/gu, '[^/]+')}$`, 'u');
}

/** Ids of clients go into the log: only plain ones do. */
function safeId(id: string | undefined): string | null {
  return id !== undefined && /^[\w.-]{1,64}$/u.test(id) ? id : null;
}

/** The same stream; `done` is called once it has ended, however it does. */
function counted(body: ReadableStream<Uint8Array>, done: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let ended = false;
  const end = () => {
    if (!ended) done();
    ended = true;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done: last, value } = await reader.read();
        if (last) {
          end();
          controller.close();
        } else controller.enqueue(value);
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
}
