import { isExactNumber, parseJson } from '../../../json.js';
import { type Counts, compareSets, f1Of, total } from '../../../metrics/counts.js';
import { defineMetric } from '../../../metrics/define.js';
import { canonicalValue } from '../canonical.js';

/**
 * F1 of the values of generated JSON, each with its path, counted over all records: how much of an output is right
 * where it is not all right. In a list the place of a value does not count. An output without structure is one value;
 * in a failed record everything is missed.
 */
export const fieldF1 = defineMetric<Counts>({
  better: 'higher',
  range: [0, 1],
  name: 'field-f1',
  title: 'field F1',
  observe({ gold, output }) {
    if (gold.type !== 'generate') return null;
    if (output?.type !== 'generate') return compareSets(fieldsOf(gold.output), new Set());
    return output.value === undefined
      ? compareSets(new Set([gold.output.trim()]), new Set([output.text.trim()]))
      : compareSets(fieldsOf(gold.output), fieldsOf(output.text));
  },
  summarise: (stats) => f1Of(total(stats)),
});

function fieldsOf(text: string): Set<string> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return new Set([text.trim()]);
  }
  return setOf(leavesOf(value, ''));
}

/** `path=value` of everything that holds nothing else. */
function leavesOf(value: unknown, path: string): string[] {
  const isLeaf = value === null || typeof value !== 'object' || isExactNumber(value);
  if (isLeaf || Object.keys(value).length === 0) return [`${path}=${canonicalValue(value)}`];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, `${path}/${Array.isArray(value) ? '-' : key.replaceAll('/', '~1')}`),
  );
}

/** The second of two equal ones is another one. */
function setOf(items: readonly string[]): Set<string> {
  const seen = new Map<string, number>();
  return new Set(
    items.map((item) => {
      const count = seen.get(item) ?? 0;
      seen.set(item, count + 1);
      return `${count} ${item}`;
    }),
  );
}
