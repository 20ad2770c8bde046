import type { Ajv, ErrorObject } from 'ajv';
import type { FormatName } from 'ajv-formats';
import { messageOf, suggestion } from '../errors.js';
import { lazy } from '../lazy.js';
import { readDocument, type SchemaDocument } from './document.js';
import { schemasIn } from './drafts.js';
import { regExpOf } from './reg-exp.js';
import { SchemaError } from './schema-error.js';
import { isObject, pointerSteps, type Schema, schemaTypes, valueAt } from './schema-node.js';

const ajvFormats = lazy<typeof import('ajv-formats')>('ajv-formats');

/** Formats that are checked. All others, those of OpenAPI too (`int32`, `byte`), say nothing about values. */
const checkedFormats: FormatName[] = [
  'date',
  'time',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uri-template',
  'url',
  'uuid',
  'json-pointer',
  'relative-json-pointer',
  'regex',
];

/** What is wrong with a value, and where. */
export interface Violation {
  /** JSON pointer into the value; empty at the top level. */
  readonly pointer: string;
  readonly keyword: string;
  /** `at /items/0/price: must be number`. */
  readonly message: string;
}

/** The first thing wrong with a value, as `at /items/0/price: must be number`, or null when it is valid. */
export type Validate = (value: unknown) => string | null;

/** Compiles a JSON Schema once, by the draft that it names. */
export function compileValidator(schema: unknown, options?: CheckOptions): Validate {
  const check = compileCheck(readDocument(schema), options);
  return (value) => check(value)?.message ?? null;
}

export interface CheckOptions {
  /** Whether `format` is checked, or an annotation only. Defaults to true. */
  readonly formats?: boolean;
}

/** The check of values against a schema: the first violation, or null. */
export function compileCheck(
  document: SchemaDocument,
  { formats: checkFormats = true }: CheckOptions = {},
): (value: unknown) => Violation | null {
  const compile = (root: Schema) => ajvFor(document, checkFormats).compile(root);
  let validate: ReturnType<typeof compile>;
  try {
    try {
      validate = compile(document.root);
    } catch (error) {
      // Generators of schemas write one `id` twice; nothing refers to it.
      if (!/resolves to more than one schema/.test(messageOf(error))) throw error;
      validate = compile(withoutIds(document.root, document.draft.id) as Schema);
    }
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    throw new SchemaError('#', `not usable: ${messageOf(error)}.`, undefined, error);
  }
  return (value) => (validate(value) ? null : violation(validate.errors ?? []));
}

/**
 * Checks a schema against the schema of its draft: `minLength` is a number, `required` a list, and so on.
 * @throws SchemaError
 */
export function checkWellFormed(document: SchemaDocument): void {
  checkPart(document, document.root, '#');
  for (const target of document.targets) {
    const pointer = document.pointerOf(target);
    // What stands in definitions was checked with the whole; what is elsewhere, or in another file, was not.
    const [first = ''] = pointerSteps(pointer);
    const whole = first === 'definitions' || (first === '$defs' && !document.draft.refAlone) || first === 'properties';
    if (!whole) checkPart(document, target, pointer);
  }
}

function checkPart({ draft, root: whole }: SchemaDocument, root: Schema, pointer: string): void {
  const checker = draft.checker();
  if (checker.validate(draft.meta, root) === true) return;
  const error = deepest(checker.errors ?? []);
  const found = valueAt(root, pointerSteps(error?.instancePath ?? ''));
  if (error !== undefined && /\/type(?:\/\d+)?$/.test(error.instancePath) && typeof found === 'string') {
    throw new SchemaError(
      `${pointer}${error.instancePath}`,
      `"${found}" is not a type.${suggestion(found, schemaTypes)}`,
      `Types: ${schemaTypes.join(', ')}.`,
    );
  }
  const named = isObject(whole) && whole.$schema !== undefined;
  throw new SchemaError(
    `${pointer}${error?.instancePath ?? ''}`,
    `${error === undefined ? 'is not a schema' : `${error.message}${detail(error)}`}.`,
    named ? undefined : `It was read as ${draft.name}; "$schema" names another draft.`,
  );
}

/** Of the errors of all cases of an `anyOf`, the one that says most: what is deepest in the value. */
function deepest(errors: readonly ErrorObject[]): ErrorObject | undefined {
  return [...errors].sort((a, b) => b.instancePath.split('/').length - a.instancePath.split('/').length)[0];
}

function ajvFor({ draft }: SchemaDocument, checkFormats: boolean): Ajv {
  const ajv = draft.ajv({
    // `strict` would refuse keywords beside the type they are for, which is legal and common.
    strict: false,
    // The schema was checked before; a `$schema` of somebody's own is not looked for.
    validateSchema: false,
    // 0.94 is a multiple of 0.01, although 0.94 / 0.01 is 93.99999999999999.
    multipleOfPrecision: 9,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => regExpOf(pattern), { code: 'new RegExp' }) },
    ownProperties: true,
  });
  if (draft.id === '$id') ajv.removeKeyword('id');
  if (checkFormats) ajvFormats().default(ajv, { formats: checkedFormats });
  return ajv;
}

function withoutIds(schema: unknown, key: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withoutIds(item, key));
  if (!isObject(schema)) return schema;
  const { [key]: id, ...rest } = schema;
  const copy: Record<string, unknown> = typeof id === 'string' ? rest : { ...schema };
  for (const [inner, [keyword = '', name]] of schemasIn(copy)) {
    const value = withoutIds(inner, key);
    if (name === undefined) copy[keyword] = value;
    else if (Array.isArray(copy[keyword])) copy[keyword] = Object.assign([...copy[keyword]], { [name]: value });
    else copy[keyword] = { ...(copy[keyword] as object), [name]: value };
  }
  return copy;
}

function violation(errors: readonly ErrorObject[]): Violation {
  const [error] = errors;
  if (error === undefined) return { pointer: '', keyword: '', message: 'is not valid' };
  const place = error.instancePath === '' ? 'at the top level' : `at ${error.instancePath}`;
  return {
    pointer: error.instancePath,
    keyword: error.keyword,
    message: `${place}: ${error.message ?? error.keyword}${detail(error)}`,
  };
}

/** What the message leaves out. */
function detail(error: ErrorObject): string {
  const { params } = error;
  if (error.keyword === 'enum') {
    const listed = JSON.stringify(params.allowedValues).slice(1, -1);
    return ` (${listed.length > 200 ? `${listed.slice(0, 200)}…` : listed})`;
  }
  if (error.keyword === 'const') return ` (${JSON.stringify(params.allowedValue)})`;
  if (error.keyword === 'additionalProperties') return `, has "${params.additionalProperty}"`;
  if (error.keyword === 'unevaluatedProperties') return `, has "${params.unevaluatedProperty}"`;
  return '';
}
