import { createHash } from 'node:crypto';
import type { Example } from '../types.js';

/** The digest of everything that results depend on, which excludes fixtures. */
export function digestOf(settings: object, examples: readonly Example[]): string {
  const hash = createHash('sha256');
  const {
    fixtures: _f,
    examples: _e,
    documents: _d,
    include: _i,
    metrics: _m,
    model: _n,
    cascade: _c,
    ...rest
  } = settings as Record<string, unknown>;
  hash.update(JSON.stringify(rest, (_key, value: unknown) => value));
  const texts = examples.map(({ record, gold }) => {
    const { id: _id, ...fields } = record.fields;
    return JSON.stringify([fields, gold]);
  });
  hash.update(texts.join(''));
  return hash.digest('hex').slice(0, 32);
}
