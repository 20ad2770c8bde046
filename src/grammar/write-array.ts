import { shapeMayAccept } from './acceptance.js';
import { alternatives, repeat, sequence } from './gbnf-writer.js';
import { inside, type Place, type Writer } from './grammar-writer.js';
import type { Schema } from './schema-node.js';
import { expand, itemSchemas, type Shape } from './shapes.js';

/** More positions with schemas of their own are not kept apart. */
const longestPrefix = 200;
/** A list of different values out of so many is written with a rule for each set of those used. */
const mostDifferent = 8;

export function writeArray(writer: Writer, given: Shape, place: Place): string | null {
  const shape = closed(given);
  const body = different(writer, shape, place) ?? containing(writer, shape, place) ?? items(writer, shape, place);
  return body === null ? null : writer.rules.add(place.name, sequence(['"["', body, '"]"']));
}

/** With `unevaluatedItems` as what it comes to in one shape. */
function closed(shape: Shape): Shape {
  const { lists, otherItems } = shape;
  if (otherItems.length === 0 || lists.some(({ rest }) => rest !== undefined)) return shape;
  const length = Math.max(0, ...lists.map(({ prefix }) => prefix.length));
  const prefix = Array.from({ length }, () => true as const);
  return { ...shape, lists: [...lists, { prefix, rest: otherItems[0] }] };
}

const lengthOfPrefix = ({ lists }: Shape): number => Math.max(0, ...lists.map(({ prefix }) => prefix.length));

/** Items of a list without `maxItems`. */
const usualMost = (writer: Writer, { minItems, maxItems }: Shape): number =>
  maxItems < Infinity ? maxItems : Math.max(minItems ?? 0, writer.maxArrayItems);

function items(writer: Writer, shape: Shape, place: Place): string | null {
  const prefix = Math.min(lengthOfPrefix(shape), longestPrefix);
  if (shape.unique && shape.maxItems > 1) writer.unforced('uniqueItems');
  // People mean by a tuple all of its items, and nothing more.
  const tuple = writer.presume && prefix > 0;
  const open = shape.lists.every(({ prefix: own, rest }) => own.length === 0 || rest !== undefined);
  const min = shape.minItems ?? (tuple ? Math.min(prefix, shape.maxItems) : 0);
  let max = tuple && !open && shape.maxItems === Infinity ? Math.max(min, prefix) : usualMost(writer, shape);

  const first: string[] = [];
  for (let index = 0; index < Math.min(prefix, max); index++) {
    const item = writer.write(itemSchemas(shape, index), inside(place, index + 1));
    if (item === null) {
      max = index;
      break;
    }
    first.push(item);
  }
  let item: string | null = null;
  if (max > first.length) {
    item = writer.write(itemSchemas(shape, lengthOfPrefix(shape)), inside(place, 'item'));
    if (item === null) max = first.length;
  }
  // A tuple whose last items cannot be is a shorter one.
  const least = shape.minItems ?? Math.min(min, max);
  if (least > max) return null;
  const remaining = (index: number): string => {
    const comma = index === 0 ? '' : '","';
    const prefixed = first[index];
    if (prefixed === undefined) {
      if (item === null || max <= index) return '';
      const tail = writer.rules.add(`${place.name}-more`, `"," ${item}`);
      if (index > 0) return repeat(tail, Math.max(0, least - index), max - index, writer.rules);
      const all = sequence([item, repeat(tail, Math.max(0, least - 1), max - 1, writer.rules)]);
      return least === 0 ? alternatives(['', all]) : all;
    }
    if (index >= max) return '';
    const following = remaining(index + 1);
    const named = following.length > 200 ? writer.rules.add(`${place.name}-rest`, following) : following;
    const from = sequence([comma, prefixed, named]);
    return index >= least ? alternatives(['', from]) : from;
  };
  return remaining(0);
}

/** `contains`: for generating, the item comes first; for matching, it stands anywhere. */
function containing(writer: Writer, shape: Shape, place: Place): string | null {
  const [contains, ...more] = shape.contains.filter(({ min }) => min > 0);
  if (shape.contains.some(({ max }) => max < Infinity) || more.length > 0) writer.unforced('contains');
  if (contains === undefined) return null;
  if (lengthOfPrefix(shape) > 0) {
    writer.unforced('contains');
    return null;
  }
  const schemas = itemSchemas(shape, 0);
  const wanted = writer.write([...schemas, contains.schema], inside(place, 'wanted'));
  if (wanted === null) return null;
  const any = writer.write(schemas, inside(place, 'item')) ?? wanted;
  if (shape.unique) writer.unforced('uniqueItems');
  const { rules } = writer;
  const most = usualMost(writer, shape);
  const least = Math.max(shape.minItems ?? 0, contains.min);
  if (most < contains.min) return null;
  const nextWanted = rules.add(`${place.name}-wanted`, sequence(['","', wanted]));
  const nextAny = rules.add(`${place.name}-more`, sequence(['","', any]));
  if (writer.presume) {
    return sequence([
      wanted,
      repeat(nextWanted, contains.min - 1, contains.min - 1, rules),
      repeat(nextAny, least - contains.min, most - contains.min, rules),
    ]);
  }
  if (contains.min > 1 || least > 1 || most < Infinity) {
    writer.unforced('contains');
    return null;
  }
  const before = rules.add(`${place.name}-before`, sequence([any, '","']));
  return sequence([`${before}*`, wanted, `${nextAny}*`]);
}

/** `uniqueItems` over a few values: a rule for each set of values that are left. */
function different(writer: Writer, shape: Shape, place: Place): string | null {
  if (!shape.unique || lengthOfPrefix(shape) > 0 || shape.contains.length > 0) return null;
  const values = listedValues(writer, itemSchemas(shape, 0));
  if (values === null) return null;
  const written = values.map((value) => writer.write([valueSchema(value)], inside(place, 'item')) ?? '""');
  const min = shape.minItems ?? 0;
  const max = Math.min(shape.maxItems, values.length);
  if (min > max) return null;
  if (values.length > mostDifferent) {
    if (!writer.presume || min > 0) return null;
    return inTheirOrder(writer, written, max, place);
  }
  const made = new Map<number, string>();
  const after = (used: number, count: number): string => {
    const known = made.get(used);
    if (known !== undefined) return known;
    const options = count >= min ? [''] : [];
    if (count < max) {
      for (const [index, item] of written.entries()) {
        if ((used & (1 << index)) !== 0) continue;
        options.push(sequence([count === 0 ? '' : '","', item, after(used | (1 << index), count + 1)]));
      }
    }
    const all = alternatives(options);
    const name = all.length <= 24 || count === 0 ? all : writer.rules.add(`${place.name}-left`, all);
    made.set(used, name);
    return name;
  };
  return after(0, 0);
}

/** A rule for many values: each at most once, in the order of the schema. */
function inTheirOrder(writer: Writer, values: readonly string[], max: number, place: Place): string | null {
  if (max < values.length || values.length > 60) return null;
  const { rules } = writer;
  let rest = '';
  let first: string[] = [''];
  for (const value of [...values].reverse()) {
    first = [sequence([value, rest]), ...first];
    rest = rules.add(`${place.name}-left`, sequence([alternatives(['', sequence(['","', value])]), rest]));
  }
  return alternatives(first);
}

/** Schemas of single values, the same object for the same value within a run. */
function valueSchema(value: unknown): Schema {
  return { enum: [value] };
}

/** The values that `schemas` list, if they do. */
function listedValues(writer: Writer, schemas: readonly Schema[]): readonly unknown[] | null {
  const { shapes } = expand(schemas, writer.reader);
  const [shape] = shapes;
  if (shapes.length !== 1 || shape === undefined || shape.values === null) return null;
  const values = shape.values.filter((value) => shapeMayAccept({ ...shape, values: null }, value, writer.reader));
  return values.length > 60 ? null : [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
