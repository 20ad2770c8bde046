import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ErrorForm } from './errors.js';
import type { ServerContext } from './types.js';

/** The values that a handler gets beside the request. */
export interface Call {
  /** Aborted when the client has gone, the time is over, or the server must end. */
  readonly signal: AbortSignal;
}

/** One way in: what it takes and gives, for the OpenAPI document, and what it does. */
export interface Route {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  /** Parameters of the address, all optional. Others are refused. */
  readonly query?: z.ZodObject;
  readonly answer: z.ZodType;
  /** Media type of the answer and, where it is not JSON, of the body. */
  readonly mediaType?: string;
  /** Whether it may be asked without a key. */
  readonly open?: boolean;
  /** Whether it takes part in the count of requests under way. */
  readonly work?: boolean;
  /** How its clients read what is wrong; as those of typed decisions do, if nothing is said. */
  readonly errors?: ErrorForm;
  handle(c: Context, server: ServerContext, call: Call): Promise<Response> | Response;
}

export const probability = z.number().min(0).max(1);
/** Text, or JSON that stands for it. */
export const content = z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]);
export { z };
