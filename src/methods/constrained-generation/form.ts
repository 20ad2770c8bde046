import { failure } from '../../errors.js';
import { readDocument } from '../../grammar/document.js';
import { type GrammarOptions, generationLimits, writeSchemaGrammar } from '../../grammar/json-schema.js';
import { SchemaError } from '../../grammar/schema-error.js';
import { sourcesOf, takesFromText } from '../../grammar/sources/index.js';
import { compileCheck } from '../../grammar/validate.js';
import { parseJson } from '../../json.js';
import type { GenerateOutput, TaskProfile } from '../../types.js';

/** The required form of an output, and how a generated text is read. */
export interface Form {
  /** Grammar of an output about this text; undefined where anything goes. */
  grammar(text: string): string | undefined;
  /**
   * @throws SlmError of the kind "failure" for what another try may do better
   */
  read(generated: string, text: string): GenerateOutput;
}

/** @throws SchemaError when no output could be right */
export function formOf({ schema, grammar }: TaskProfile, limits: GrammarOptions): Form {
  if (schema !== null) return schemaForm(schema, limits);
  return {
    grammar: () => grammar ?? undefined,
    read(text) {
      if (text !== '') return { type: 'generate', text };
      throw failure('the model produced nothing', 'See --explain; a better example in the prompt usually helps.');
    },
  };
}

function schemaForm(schema: unknown, limits: GrammarOptions): Form {
  const document = readDocument(schema);
  const options = { ...generationLimits, ...limits };
  const forAll = writeSchemaGrammar(document, options).grammar;
  const check = compileCheck(document);
  const fromText = takesFromText(document);
  return {
    grammar: (text) => leading(fromText ? grammarFor(text) : forAll),
    read(generated, text) {
      const value = parse(generated);
      const violation = check(value);
      if (violation !== null) throw failure(`the output breaks the schema: ${violation.message}`);
      return {
        type: 'generate',
        text: generated,
        value,
        ...(fromText ? { sources: sourcesOf(document, parseJson(generated), text) } : {}),
      };
    },
  };

  function grammarFor(text: string): string {
    try {
      return writeSchemaGrammar(document, { ...options, text }).grammar;
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      throw failure(
        'the text has no value that a required property with "x-source" could be',
        'Make such properties optional, or let them be null.',
        error,
      );
    }
  }
}

/** A space goes before the output after a base prompt, as before the examples' outputs. */
function leading(grammar: string): string {
  return grammar.replace(/^root ::= /mu, 'root ::= " "? ');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failure(`the output is not JSON: ${text.slice(0, 80)}`, undefined, error);
  }
}
