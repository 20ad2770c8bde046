import { usageError } from '../../errors.js';
import { entityKey, occurrences, offsetsFromUtf16, offsetsToUtf16, trimUnseen } from '../../spans.js';
import type { Entity, ExtractGold, ExtractOutput } from '../../types.js';
import { isDropped, labelNamed } from '../gold.js';
import { listInCell } from '../label-cell.js';
import { countsOf, listed } from '../label-counts.js';
import type { TaskTypeDefinition } from '../types.js';
import { joinEntityRows } from './entity-rows.js';
import { countEntities } from './metrics/entities.js';
import { metrics } from './metrics/index.js';
import { results } from './results.js';
import { entities } from './starter.js';

/** Labelled spans of the input. */
export const extract: TaskTypeDefinition<ExtractOutput, ExtractGold> = {
  type: 'extract',
  title: 'extraction',
  input: 'text',
  goldFields: ['entities', 'spans'],
  settings: ['labels', 'threshold'],
  missingGold: '"entities"',
  comparesLabels: false,
  readsDocuments: false,
  fewestLabels: () => 1,
  usualThreshold: (multiLabel) => (multiLabel ? 0.5 : 0),
  defaultMethod: () => 'span-copying',

  readGold(fields, text, context) {
    const given = fields.entities ?? fields.spans;
    const raw = listInCell(given) ?? given;
    if (raw === undefined || raw === null) return null;
    if (!Array.isArray(raw)) throw new Error('"entities" is not a list');
    const toUtf16 = offsetsToUtf16(text, 'codepoint');
    const length = offsetsFromUtf16(text, 'codepoint')(text.length);
    const entities = raw.flatMap((item: unknown): Entity[] => {
      const { text: quote, label, start, end } = (item ?? {}) as Record<string, unknown>;
      if (typeof label !== 'string') throw new Error(`an entity without a label: ${JSON.stringify(item)}`);
      if (isDropped(label, context)) return [];
      const name = labelNamed(label, context);
      if (typeof start === 'number' && typeof end === 'number') {
        checkOffsets(start, end, length);
        const span = { start: toUtf16(start), end: toUtf16(end) };
        const found = text.slice(span.start, span.end);
        if (found === '' || (typeof quote === 'string' && quote !== found)) {
          throw new Error(
            `marks [${start}, ${end}) as ${JSON.stringify(quote ?? label)}, where its text has ${JSON.stringify(found)}. Offsets are [start, end) in code points`,
          );
        }
        return [{ ...span, text: found, label: name }];
      }
      if (typeof quote !== 'string')
        throw new Error(`an entity needs "text", or "start" and "end": ${JSON.stringify(item)}`);
      const places = occurrences(text, quote);
      const [place] = places;
      if (place === undefined)
        throw new Error(`marks ${JSON.stringify(quote)}, which its text does not contain. Copy the span exactly`);
      if (places.length > 1)
        throw new Error(
          `marks ${JSON.stringify(quote)}, which its text contains ${places.length} times. Add "start" and "end"`,
        );
      return [{ ...place, text: quote, label: name }];
    });
    return { type: 'extract', entities: entities.sort((a, b) => a.start - b.start || a.end - b.end) };
  },

  joinRows: joinEntityRows,

  goldKey: (gold) => JSON.stringify(gold),
  passageOf: () => [],
  empty: () => ({ type: 'extract', entities: [] }),

  merge(pieces) {
    return {
      type: 'extract',
      entities: pieces.flatMap(({ output, offset }) =>
        output.entities.map((entity) => ({ ...entity, start: entity.start + offset, end: entity.end + offset })),
      ),
      ...ungroundedIn(pieces.map(({ output }) => output)),
    };
  },

  /** A text may have NUL and zero-width spaces anywhere; they belong to no entity that they begin or end. */
  tidy({ entities, ...others }, text) {
    return {
      ...others,
      entities: entities.flatMap((entity) => {
        // An entity whose text is not at its offsets is a fault of the method, which measuring must see.
        if (text.slice(entity.start, entity.end) !== entity.text) return [entity];
        const span = trimUnseen(text, entity);
        return span === null ? [] : [{ ...entity, ...span, text: text.slice(span.start, span.end) }];
      }),
    };
  },

  isWithheld: () => false,

  confidence({ entities }) {
    // A method that names entities without scores is not sure of 0.
    return entities.reduce<number | null>(
      (most, { score }) => (score === undefined ? most : Math.max(most ?? 0, score)),
      null,
    );
  },

  /** Certainty of the least certain entity; a text without entities counts as sure. */
  teachable: false,
  certainty: ({ entities }) => entities.reduce((least, { score }) => Math.min(least, score ?? 0), 1),

  isGrounded: ({ entities }, { text }) =>
    entities.every(({ start, end, text: copy }) => text.slice(start, end) === copy),

  correct({ gold, output }) {
    if (gold.type !== 'extract' || output?.type !== 'extract') return false;
    const wanted = new Set(gold.entities.map(entityKey));
    const given = new Set(output.entities.map(entityKey));
    return wanted.size === given.size && [...given].every((key) => wanted.has(key));
  },

  outputKey: ({ entities }) => JSON.stringify(entities.map(entityKey).sort()),

  describe(value) {
    if (value.type !== 'extract') return '';
    return value.entities.length === 0 ? '(nothing)' : value.entities.map((e) => `${e.text} [${e.label}]`).join('; ');
  },

  metrics,
  countsByLabel: countEntities,
  confusion: () => null,
  reliability: () => null,
  isSkewed: () => false,
  tuningMetric: () => 'entity-f1',
  objective: (metric) => metric,
  probabilityMetric: () => null,
  stratumOf: () => '',
  strata: () => 0,

  decisions(gold, { entities }) {
    const wanted = new Set(gold.entities.map(entityKey));
    return entities.map((entity) => ({ score: entity.score ?? 0, right: wanted.has(entityKey(entity)) }));
  },

  checkExamples(golds, { labels }) {
    const counts = countsOf(
      labels.map(({ name }) => name),
      golds.flatMap(({ entities }) => entities.map(({ label }) => label)),
    );
    if ([...counts.values()].every((count) => count === 0)) {
      throw usageError(`none of the ${golds.length} examples has an entity; there is nothing to find.`);
    }
    const rare = [...counts].filter(([, count]) => count < 10).map(([name]) => name);
    return rare.length > 0 ? [`fewer than 10 entities are ${listed(rare)}`] : [];
  },

  results,
  starters: { extract: entities },
};

function checkOffsets(start: number, end: number, length: number): void {
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= length) return;
  throw new Error(
    `marks [${start}, ${end}) in a text of ${length} characters. Offsets are [start, end) in code points`,
  );
}

/** The named spans that the texts do not contain, where there are any. */
function ungroundedIn(outputs: readonly ExtractOutput[]): Pick<ExtractOutput, 'ungrounded'> {
  const ungrounded = outputs.flatMap((output) => output.ungrounded ?? []);
  return ungrounded.length === 0 ? {} : { ungrounded };
}
