import type { Ajv, Options } from 'ajv';
import { lazy, once } from '../lazy.js';
import { asArray, isObject } from './schema-node.js';

const ajv = lazy<typeof import('ajv')>('ajv');
const ajvDraft4 = lazy<typeof import('ajv-draft-04')>('ajv-draft-04');
const ajv2019 = lazy<typeof import('ajv/dist/2019.js')>('ajv/dist/2019.js');
const ajv2020 = lazy<typeof import('ajv/dist/2020.js')>('ajv/dist/2020.js');
const draft6Schema = lazy<object>('ajv/dist/refs/json-schema-draft-06.json');

/** A version of JSON Schema: what its keywords are called, and who checks it. */
export interface Draft {
  readonly name: string;
  /** The URI of the schema of its schemas. */
  readonly meta: string;
  readonly id: 'id' | '$id';
  /** Up to draft 7, keywords beside `$ref` do not count. */
  readonly refAlone: boolean;
  /** An Ajv that reads this draft. */
  readonly ajv: (options: Options) => Ajv;
  /** One that only checks schemas, against the draft's own schema; made once, since it takes 10 ms. */
  readonly checker: () => Ajv;
}

function draft(name: string, meta: string, make: (options: Options) => Ajv, old: Partial<Draft> = {}): Draft {
  const checker = once(() => make({ strict: false, logger: false, validateFormats: false }));
  return { name, meta, id: '$id', refAlone: false, ajv: make, checker, ...old };
}

/** Newest first, which is the order in which a schema without `$schema` is tried. */
const drafts: readonly Draft[] = [
  draft('2020-12', 'https://json-schema.org/draft/2020-12/schema', (options) => new (ajv2020().Ajv2020)(options)),
  draft('2019-09', 'https://json-schema.org/draft/2019-09/schema', (options) => new (ajv2019().Ajv2019)(options)),
  draft('draft-07', 'http://json-schema.org/draft-07/schema', (options) => new (ajv().Ajv)(options), {
    refAlone: true,
  }),
  draft(
    'draft-06',
    'http://json-schema.org/draft-06/schema',
    (options) => {
      const made = new (ajv().Ajv)(options);
      made.addMetaSchema(draft6Schema());
      return made;
    },
    { refAlone: true },
  ),
  draft('draft-04', 'http://json-schema.org/draft-04/schema', (options) => new (ajvDraft4().default)(options), {
    id: 'id',
    refAlone: true,
  }),
];

/**
 * The draft that `$schema` names. Without one, or with one of somebody's own, the newest draft by which the schema is
 * well-formed: a list under `items` is draft 2019-09 or older, `exclusiveMinimum: true` draft 4 or OpenAPI 3.0.
 */
export function draftOf(schema: unknown): Draft {
  const newest = drafts[0] as Draft;
  if (!isObject(schema)) return newest;
  const found = typeof schema.$schema === 'string' ? draftNamed(schema.$schema) : undefined;
  if (found !== undefined) return found;
  return drafts.find((candidate) => isWellFormed(candidate, schema)) ?? newest;
}

/** Returns whether `$schema` names a draft that is known. */
export function isDraft(uri: string): boolean {
  return draftNamed(uri) !== undefined;
}

function draftNamed(uri: string): Draft | undefined {
  const bare = uri.replace(/^https?:/, '').replace(/#$/, '');
  return drafts.find(({ meta }) => meta.replace(/^https?:/, '') === bare);
}

/** Returns whether the draft's own schema accepts this one. */
function isWellFormed(candidate: Draft, schema: unknown): boolean {
  return candidate.checker().validate(candidate.meta, schema) === true;
}

/** Keywords whose values are data, whatever they look like. */
const dataKeywords = new Set(['enum', 'const', 'default', 'example', 'examples', 'x-examples']);
/** Keywords whose values are schemas by name. */
const mapKeywords = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

/**
 * The schemas directly inside `schema`, with the steps to each. What stands under an unknown keyword counts, since a
 * reference may point there (`#/components/schemas/Order`).
 */
export function* schemasIn(schema: Readonly<Record<string, unknown>>): Generator<[unknown, string[]]> {
  for (const [keyword, value] of Object.entries(schema)) {
    if (dataKeywords.has(keyword) || typeof value !== 'object' || value === null) continue;
    if (mapKeywords.has(keyword) && isObject(value)) {
      for (const [name, inner] of Object.entries(value)) yield [inner, [keyword, name]];
    } else if (Array.isArray(value)) {
      for (const [index, inner] of asArray(value).entries()) yield [inner, [keyword, String(index)]];
    } else yield [value, [keyword]];
  }
}

/** A copy of `schema` with `map` of every schema directly inside it; changed only where `map` gives something else. */
export function mapSchemasIn(
  schema: Readonly<Record<string, unknown>>,
  map: (inner: unknown) => unknown,
): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...schema };
  for (const [inner, [keyword = '', name]] of schemasIn(schema)) {
    const value = map(inner);
    if (name === undefined) copy[keyword] = value;
    else {
      if (copy[keyword] === schema[keyword]) {
        const whole = schema[keyword];
        copy[keyword] = Array.isArray(whole) ? [...whole] : { ...(whole as object) };
      }
      // As a data property: a property may be called "__proto__".
      Object.defineProperty(copy[keyword], name, { value, enumerable: true, writable: true, configurable: true });
    }
  }
  return copy;
}
