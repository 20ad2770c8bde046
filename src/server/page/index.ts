import { type Route, z } from '../routes.js';
import { html } from './html.js';

/**
 * `GET /`: a page where a person tries each task. It has everything with it, and shows text as text: whatever a record
 * or a label holds, nothing of it acts.
 */
export const page: Route = {
  method: 'get',
  path: '/',
  summary: 'A page to try the tasks on',
  answer: z.string(),
  mediaType: 'text/html',
  open: true,
  handle(c) {
    return c.body(html, 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    });
  },
};
