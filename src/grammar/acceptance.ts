import { isMultiple } from './multiples.js';
import { isObject, type Schema, type SchemaType, same } from './schema-node.js';
import { expand, isFound, itemSchemas, propertySchemas, type Reader, type Shape } from './shapes.js';

/** Returns whether a value may be accepted by all of `schemas`: false only where it is surely refused. */
export function mayAccept(schemas: readonly Schema[], value: unknown, reader: Reader, depth = 0): boolean {
  if (depth > 20) return true;
  const { shapes, cases } = expand(schemas, reader);
  if (cases !== null) return cases.some((inner) => mayAccept(inner, value, reader, depth + 1));
  return shapes.some((shape) => shapeMayAccept(shape, value, reader, depth));
}

/** Returns whether a value may be of the kind that a shape describes. */
export function shapeMayAccept(shape: Shape, value: unknown, reader: Reader, depth = 0): boolean {
  if (shape.types !== null && ![...shape.types].some((type) => hasType(value, type))) return false;
  if (shape.values !== null && !shape.values.some((other) => same(value, other))) return false;
  if (shape.excluded.some((other) => same(value, other))) return false;
  if (typeof value === 'string') return textFits(shape, value);
  if (typeof value === 'number') return numberFits(shape, value);
  if (Array.isArray(value)) {
    if (value.length < (shape.minItems ?? 0) || value.length > shape.maxItems) return false;
    return value.every((item, index) => mayAccept(itemSchemas(shape, index), item, reader, depth + 1));
  }
  if (!isObject(value)) return true;
  const names = Object.keys(value);
  if (names.length < shape.minProperties || names.length > shape.maxProperties) return false;
  if ([...shape.required].some((name) => !Object.hasOwn(value, name))) return false;
  return names.every(
    (name) =>
      mayAccept(propertySchemas(shape, name), value[name], reader, depth + 1) &&
      mayAccept(shape.names, name, reader, depth + 1),
  );
}

export function hasType(value: unknown, type: SchemaType): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

function textFits({ minLength, maxLength, patterns, notPatterns }: Shape, text: string): boolean {
  const { length } = [...text];
  if (length < minLength || length > maxLength) return false;
  return patterns.every((pattern) => isFound(pattern, text)) && !notPatterns.some((pattern) => isFound(pattern, text));
}

function numberFits({ bounds, steps }: Shape, value: number): boolean {
  if (bounds.minimum !== undefined && value < bounds.minimum) return false;
  if (bounds.maximum !== undefined && value > bounds.maximum) return false;
  if (bounds.exclusiveMinimum !== undefined && value <= bounds.exclusiveMinimum) return false;
  if (bounds.exclusiveMaximum !== undefined && value >= bounds.exclusiveMaximum) return false;
  return steps.every((step) => isMultiple(value, step));
}
