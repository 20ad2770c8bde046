import type { Row } from '../../types.js';

/** Columns of a table that has a row for each entity, as `slm run --format csv` writes it. */
const ofEntity = ['entity', 'label', 'start', 'end', 'score'];

/**
 * Joins consecutive rows that differ in their entity alone into one with a list `entities`. A row without an entity is
 * a text without entities; one with an error has none that could be compared. Other rows stay as they are.
 */
export async function* joinEntityRows(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  let open = null as Open | null;
  for await (const row of rows) {
    if (!isEntityRow(row)) {
      if (open !== null) yield joined(open);
      open = null;
      yield row;
      continue;
    }
    const { entity, label, start, end, score: _score, ...common } = row.fields;
    const key = JSON.stringify(common);
    if (open?.key !== key) {
      if (open !== null) yield joined(open);
      open = { key, row: { ...row, fields: common }, entities: [] };
    }
    if (entity !== '') open.entities.push({ text: entity, label, start: Number(start), end: Number(end) });
  }
  if (open !== null) yield joined(open);
}

/** A text whose entities may go on. */
interface Open {
  readonly key: string;
  readonly row: Row;
  readonly entities: unknown[];
}

function joined({ row, entities }: Open): Row {
  return { ...row, fields: { ...row.fields, entities } };
}

function isEntityRow({ fields, error }: Row): boolean {
  if (error !== undefined || (typeof fields.error === 'string' && fields.error !== '')) return false;
  return ofEntity.every((name) => typeof fields[name] === 'string') && !('entities' in fields || 'spans' in fields);
}
