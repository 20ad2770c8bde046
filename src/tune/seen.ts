import { createHash } from 'node:crypto';
import type { Example } from '../types.js';

/** Bytes of a digest that are kept of a text: one in 400,000 texts is taken for one of a thousand that it is not. */
const kept = 4;

/**
 * A list of texts, a few bytes each, that says later which of others are among them: what was tuned on a text must not
 * be measured on it.
 */
export function textList(examples: readonly Example[]): string {
  const digests = [...new Set(examples.map(digestOf))].sort();
  return Buffer.from(digests.join(''), 'hex').toString('base64');
}

/** The examples that are not in a list. */
export function unseen<T extends Pick<Example, 'record'>>(examples: readonly T[], list: string): T[] {
  const bytes = Buffer.from(list, 'base64').toString('hex');
  const digests = new Set(bytes.match(new RegExp(`.{${kept * 2}}`, 'gu')));
  return examples.filter((example) => !digests.has(digestOf(example)));
}

/** The passage does not count: another question on a passage that was learned from is still another question. */
function digestOf({ record }: Pick<Example, 'record'>): string {
  return createHash('sha256')
    .update(record.text.trim())
    .digest('hex')
    .slice(0, kept * 2);
}
