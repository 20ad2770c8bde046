import type { Ajv, CodeKeywordDefinition, KeywordCxt } from 'ajv';
import { lazy } from '../lazy.js';
import { isMultiple } from './multiples.js';

const ajv = lazy<typeof import('ajv')>('ajv');

/** Keywords that Ajv gets wrong, as the specification has them. */
export function mendKeywords(instance: Ajv): void {
  instance.removeKeyword('multipleOf');
  instance.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    compile: (step: number) => (value: number) => isMultiple(value, step),
    error: { message: ({ schema }) => `must be multiple of ${schema}` },
  });
  const unevaluated = instance.getKeyword('unevaluatedItems');
  if (typeof unevaluated !== 'object') return;
  instance.removeKeyword('unevaluatedItems');
  instance.addKeyword({ ...(unevaluated as CodeKeywordDefinition), code: (cxt) => countItems(cxt, unevaluated) });
}

/** Ajv takes "all items" of a case that held for the number 1, and where no case held, counts from nothing. */
function countItems(cxt: KeywordCxt, unevaluated: object): void {
  const { gen, it, data } = cxt;
  const { _, Name } = ajv();
  if (it.items instanceof Name) {
    it.items = gen.const('evaluatedItems', _`${it.items} === true ? ${data}.length : ${it.items} || 0`);
  }
  (unevaluated as CodeKeywordDefinition).code(cxt);
}
