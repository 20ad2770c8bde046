import { type Route, z } from './routes.js';

/** `GET /healthz`: the process is alive. */
export const healthz: Route = {
  method: 'get',
  path: '/healthz',
  summary: 'Whether the server is alive',
  answer: z.object({ status: z.literal('ok') }),
  open: true,
  handle: (c) => c.json({ status: 'ok' }),
};

/** `GET /readyz`: new requests are taken. */
export const readyz: Route = {
  method: 'get',
  path: '/readyz',
  summary: 'Whether new requests are taken, and which models are in memory',
  answer: z.object({ status: z.enum(['ready', 'closing']), loaded: z.array(z.string()) }),
  open: true,
  handle: (c, { pool, closing }) =>
    c.json({ status: closing.aborted ? 'closing' : 'ready', loaded: [...pool.loaded()] }, closing.aborted ? 503 : 200),
};
