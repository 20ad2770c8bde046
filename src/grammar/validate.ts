import type { Ajv, ErrorObject } from 'ajv';
import { messageOf, usageError } from '../errors.js';
import { lazy } from '../lazy.js';
import { isObject } from './schema-node.js';

const draft7 = lazy<typeof import('ajv')>('ajv');
const draft2020 = lazy<typeof import('ajv/dist/2020.js')>('ajv/dist/2020.js');
const formats = lazy<typeof import('ajv-formats')>('ajv-formats');

/** The first thing wrong with a value, as `at /items/0/price: must be number`, or null when it is valid. */
export type Validate = (value: unknown) => string | null;

/** Compiles a JSON Schema once: draft 2020-12, or draft-07 where `$schema` says so. */
export function compileValidator(schema: unknown): Validate {
  const ajv = ajvFor(schema);
  let validate: ReturnType<typeof ajv.compile>;
  try {
    validate = ajv.compile(schema as object | boolean);
  } catch (error) {
    throw usageError(`The schema is not usable: ${messageOf(error)}.`, undefined, error);
  }
  return (value) => (validate(value) ? null : describe(validate.errors ?? [], 'at'));
}

/** Checks a schema against the schema of its draft: `minLength` is a number, `required` a list, and so on. */
export function checkSchema(schema: unknown): void {
  if (typeof schema !== 'boolean' && !isObject(schema)) {
    throw usageError('A JSON Schema is an object such as {"type": "object", "properties": { … }}.');
  }
  const ajv = ajvFor(schema);
  if (ajv.validateSchema(schema) !== true) {
    const hint =
      isObject(schema) && schema.$schema === undefined
        ? 'It was read as draft 2020-12; older schemas need "$schema": "http://json-schema.org/draft-07/schema#".'
        : undefined;
    throw usageError(`${describe(ajv.errors ?? [], 'schema at', '#')}.`, hint);
  }
}

function ajvFor(schema: unknown): Ajv {
  const draft = isObject(schema) ? schema.$schema : undefined;
  // `strict` would refuse keywords beside the type they are for, which is legal and common.
  // 0.94 is a multiple of 0.01, although 0.94 / 0.01 is 93.99999999999999.
  const options = { strict: false, multipleOfPrecision: 9, logger: false } as const;
  const current = draft === undefined || /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(String(draft));
  if (!current && !/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/.test(String(draft))) {
    throw usageError(
      `schema at #/$schema: ${JSON.stringify(draft)} is not supported.`,
      'Supported: https://json-schema.org/draft/2020-12/schema and http://json-schema.org/draft-07/schema#.',
    );
  }
  const ajv = current ? new (draft2020().Ajv2020)(options) : new (draft7().Ajv)(options);
  formats().default(ajv);
  return ajv;
}

function describe(errors: readonly ErrorObject[], at: string, root = ''): string {
  const [error] = errors;
  if (error === undefined) return 'is not valid';
  const where = `${root}${error.instancePath}`;
  const place = where === '' ? `${at} the top level` : `${at} ${where}`;
  return `${place}: ${error.message ?? error.keyword}${detail(error)}`;
}

/** What the message leaves out. */
function detail(error: ErrorObject): string {
  const { params } = error;
  if (error.keyword === 'enum') return ` (${JSON.stringify(params.allowedValues).slice(1, -1)})`;
  if (error.keyword === 'const') return ` (${JSON.stringify(params.allowedValue)})`;
  if (error.keyword === 'additionalProperties') return `, has "${params.additionalProperty}"`;
  return '';
}
