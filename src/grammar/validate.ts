import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import type { FormatName } from 'ajv-formats';
import { messageOf, suggestion } from '../errors.js';
import { lazy } from '../lazy.js';
import { mendKeywords } from './ajv-keywords.js';
import { readDocument, type SchemaDocument } from './document.js';
import { localForm } from './local-form.js';
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

/** A violation: the problem with a value, and its place. */
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
  let validate: ValidateFunction;
  try {
    validate = ajvFor(document, checkFormats).compile(localForm(document));
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
    // Schemas in definitions were checked with the whole; those elsewhere, or in another file, were not.
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

/** The most helpful error among those of all cases of an `anyOf`: the one deepest in the value. */
function deepest(errors: readonly ErrorObject[]): ErrorObject | undefined {
  return [...errors].sort((a, b) => b.instancePath.split('/').length - a.instancePath.split('/').length)[0];
}

function ajvFor({ draft }: SchemaDocument, checkFormats: boolean): Ajv {
  const ajv = draft.ajv({
    // `strict` would refuse keywords beside the type they are for, which is legal and common.
    strict: false,
    // The schema was checked before; a `$schema` of somebody's own is not looked for.
    validateSchema: false,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => regExpOf(pattern), { code: 'new RegExp' }) },
    ownProperties: true,
  });
  if (draft.id === '$id') ajv.removeKeyword('id');
  mendKeywords(ajv);
  if (checkFormats) ajvFormats().default(ajv, { formats: checkedFormats });
  return ajv;
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

/** The detail that the message leaves out. */
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
