import type { Entity, ExtractOutput } from '../../types.js';
import { decimals, rounded, spansOf } from '../cells.js';
import type { Terminal } from '../terminal.js';
import type { ResultForm } from '../types.js';

/** Entities with their places: a list in an object, a row each in a table. */
export const results: ResultForm<ExtractOutput> = {
  names: ['entities', 'ungrounded'],
  inputName: 'text',
  manyRows: true,

  object(output, { text }, { offsets }) {
    const span = spansOf(text, offsets);
    const entities = output.entities.map(({ text, label, score, ...at }) => ({
      text,
      label,
      ...span(at),
      ...(score === undefined ? {} : { score: rounded(score) }),
    }));
    return { text, entities, ...(output.ungrounded === undefined ? {} : { ungrounded: output.ungrounded }) };
  },

  columns: () => ['text', 'entity', 'label', 'start', 'end', 'score'],

  rows({ entities }, { text }, { offsets }) {
    if (entities.length === 0) return [{}];
    const span = spansOf(text, offsets);
    return entities.map((entity) => ({
      entity: entity.text,
      label: entity.label,
      ...span(entity),
      score: entity.score === undefined ? undefined : rounded(entity.score),
    }));
  },

  lines({ entities }, { id, text }, { offsets }) {
    const span = spansOf(text, offsets);
    return entities.map((entity) => {
      const { start, end } = span(entity);
      return [entity.label, entity.text, start, end, decimals(entity.score), id];
    });
  },

  failedLine: ({ id }) => ['error', '', '', '', '', id],

  pipelineIsList: false,

  pipeline({ entities }, { text }, { ignored }) {
    const span = spansOf(text, 'codepoint');
    const wanted = entities.filter(({ label }) => !ignored.includes(label));
    return wanted.map(({ text: word, label, score, ...at }) => ({
      entity_group: label,
      score: score ?? null,
      word,
      ...span(at),
    }));
  },

  /** The text with its entities in brackets, then a list of them. */
  shown({ entities }, { text }, { labels, offsets }, terminal) {
    const { paint, columns, clip, pad, visible } = terminal;
    const marked = markEntities(text, entities, labels, terminal).trimEnd().split('\n');
    if (entities.length === 0) return [...marked, paint.dim('  no entities'), ''];
    const span = spansOf(text, offsets);
    const labelRoom = entities.reduce((most, { label }) => Math.max(most, columns(label)), 0);
    const textRoom = Math.min(
      40,
      entities.reduce((most, entity) => Math.max(most, columns(visible(entity.text))), 0),
    );
    const list = entities.map((entity) => {
      const { start, end } = span(entity);
      const label = terminal.labelPaint(entity.label, labels)(pad(visible(entity.label), labelRoom));
      const score = entity.score === undefined ? '' : terminal.percent(entity.score).padStart(5);
      return `  ${label}  ${pad(clip(visible(entity.text), textRoom), textRoom)}  ${score}  ${paint.dim(`${start}–${end}`)}`;
    });
    return [...marked, ...list, ''];
  },
};

/** Entities inside or across one that is marked already are left to the list. */
function markEntities(
  text: string,
  entities: readonly Entity[],
  labels: readonly string[],
  { harmless, labelPaint }: Terminal,
): string {
  let marked = '';
  let at = 0;
  for (const { start, end, label } of entities) {
    if (start < at || end > text.length) continue;
    marked +=
      harmless(text.slice(at, start)) + labelPaint(label, labels)(harmless(`[${text.slice(start, end)} ${label}]`));
    at = end;
  }
  return marked + harmless(text.slice(at));
}
