import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Llama } from 'node-llama-cpp';
import { checkGrammar } from '../../src/grammar/gbnf.js';
import { type GrammarOptions, generationLimits, schemaToGrammar } from '../../src/grammar/json-schema.js';
import { compileValidator } from '../../src/grammar/validate.js';
import { matcherOf, walkGrammar } from './gbnf-walk.js';

/** Which texts a grammar shall accept and refuse. */
export interface Texts {
  readonly yes?: readonly string[];
  readonly no?: readonly string[];
}

/** Checks which texts llama.cpp accepts by the grammar that generates, and that what the grammar gives is valid. */
export async function judgeSchema(llama: Llama, schema: unknown, texts: Texts, options?: GrammarOptions) {
  const grammar = schemaToGrammar(schema, { ...generationLimits, ...options });
  assert.equal(checkGrammar(grammar), null, grammar);
  const matches = await matcherOf(llama, grammar);
  for (const text of texts.yes ?? []) assert.ok(matches(text), `refuses ${text}\n${grammar}`);
  for (const text of texts.no ?? []) assert.ok(!matches(text), `accepts ${text}\n${grammar}`);
  walkAndValidate(schema, grammar, matches, 40);
}

export function walkAndValidate(
  schema: unknown,
  grammar: string,
  matches: (text: string) => boolean,
  runs: number,
): void {
  const validate = compileValidator(schema);
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(0x7fffffff)), (numbers) => {
      const text = walkGrammar(grammar, (choices) => (numbers.next().value ?? 0) % choices);
      assert.ok(matches(text), `llama.cpp refuses ${text}`);
      assert.equal(validate(JSON.parse(text)), null, text);
    }),
    { numRuns: runs },
  );
}
