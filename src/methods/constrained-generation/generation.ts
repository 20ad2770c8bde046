import { z } from 'zod';
import { failure, messageOf, usageError } from '../../errors.js';
import { grammarMatcher } from '../../grammar/gbnf-match.js';
import { generationLimits, schemaToGrammar } from '../../grammar/json-schema.js';
import { compileValidator } from '../../grammar/validate.js';
import {
  compilePrompt,
  type FewShotExample,
  type PromptModel,
  type PromptRenderer,
  tokenizePrompt,
} from '../../prompt.js';
import type { GenerateOutput, Gold, TaskProfile } from '../../types.js';
import { promptPart } from '../explain.js';
import { type LearnedExample, learnedBy, learnedExamples } from '../learned.js';
import { exampleChoice, nearestRenderer } from '../nearest-examples.js';
import type { Method, PieceInput } from '../types.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(3).describe('Number of examples in the prompt.'),
  choice: exampleChoice,
  maxTokens: z.int().min(1).default(512).describe('Limit of one output; more is an error of that record.'),
  stop: z.array(z.string().min(1)).default([]).describe('Generation ends before these strings.'),
  maxStringLength: z.int().min(1).default(200).describe('Longest string of a schema that does not say.'),
  unlisted: z.boolean().default(false).describe('Whether objects may have properties that the schema does not list.'),
});
type Options = z.infer<typeof optionsSchema>;

const generationPrompt = {
  instruction: '',
  base: 'Input: {{ text }}\nOutput:',
  chat: '{{ text }}',
};

const learns = { schema: z.strictObject({ examples: learnedExamples }) };

/** Greedy generation under a grammar, checked again afterwards. */
export const generation = {
  name: 'constrained-generation',
  title: 'generation under a grammar',
  taskTypes: ['generate'],
  needs: ['generation'],
  options: optionsSchema,
  defaultPrompt: () => generationPrompt,
  vocabulary: 'whole',
  learns,

  renderer(profile, model) {
    return rendererOf(profile, model, optionsSchema.parse(profile.options));
  },

  check(profile) {
    grammarOf(profile, optionsSchema.parse(profile.options));
    if (profile.grammar !== null) {
      const matches = grammarMatcher(profile.grammar);
      return outputCheck((text) =>
        fitsAround(matches, text.trim()) ? null : 'the output is none that the grammar gives',
      );
    }
    if (profile.schema === null) return null;
    const problemOf = compileValidator(profile.schema);
    return outputCheck((text) => {
      const problem = problemOf(parse(text));
      return problem === null ? null : `the output breaks the schema: ${problem}`;
    });
  },

  async prepare({ profile, engine }) {
    const options = optionsSchema.parse(profile.options);
    const render = rendererOf(profile, engine.model, options);
    const grammar = grammarOf(profile, options);
    const problemOf = profile.schema === null ? () => null : compileValidator(profile.schema);
    // Without a grammar a base model would go on with the next item.
    const stop = grammar === undefined && options.stop.length === 0 ? ['\n\n'] : options.stop;

    return {
      maxPieceTokens: null,

      async predict({ record, text, explain }: PieceInput) {
        const prompt = render({ ...record.fields, [profile.input]: text });
        const generated = await engine.generate(tokenizePrompt(engine, prompt), {
          maxTokens: options.maxTokens,
          stop,
          ...(grammar === undefined ? {} : { grammar }),
        });
        if (generated.stopReason === 'length') {
          throw failure(
            `the output was cut off at ${options.maxTokens} tokens`,
            'Raise options.maxTokens, or bound the strings and lists of the schema.',
          );
        }
        const output = outputOf(generated.text.trim(), profile, problemOf);
        const ending = `${generated.tokens} tokens, ended by ${generated.stopReason}`;
        return {
          output,
          explanation: explain
            ? [
                promptPart(prompt),
                { title: 'grammar', body: grammar ?? '(none)' },
                { title: 'generated', body: `${generated.text}\n${ending}` },
              ]
            : [],
        };
      },

      decide: (output) => output,
    };
  },
} satisfies Method;

function outputCheck(problemOf: (text: string) => string | null): (gold: Gold) => string | null {
  return (gold) => {
    try {
      return gold.type === 'generate' ? problemOf(gold.output) : null;
    } catch (error) {
      return messageOf(error);
    }
  };
}

/** White space at the ends of what is generated is taken off. */
function fitsAround(matches: (text: string) => boolean, text: string): boolean {
  const blanks = ['', ' ', '\n'];
  return blanks.some((before) => blanks.some((after) => matches(`${before}${text}${after}`)));
}

function rendererOf(profile: TaskProfile, model: PromptModel, { shots, choice }: Options): PromptRenderer {
  const pool = poolOf(profile);
  return choice === 'nearest' && shots > 0
    ? nearestRenderer(profile, model, pool, shots, { keepLines: true })
    : compilePrompt(profile, model, {
        shots: learnedOf(profile) !== null ? pool : pool.slice(0, shots),
        keepLines: true,
      });
}

function learnedOf(profile: TaskProfile): readonly LearnedExample[] | null {
  return learnedBy(learns.schema, profile)?.examples ?? null;
}

/** What may stand in the prompt: what tuning has chosen, else all examples. */
function poolOf(profile: TaskProfile): FewShotExample[] {
  const learned = learnedOf(profile);
  if (learned !== null) return learned.map(({ fields, label }) => ({ fields, target: label }));
  return profile.examples.flatMap(({ record, gold }) =>
    gold.type === 'generate' ? [{ fields: record.fields, target: gold.output }] : [],
  );
}

/** A space goes before the output after a base prompt, as before the examples' outputs. */
function grammarOf(profile: TaskProfile, options: Options): string | undefined {
  if (profile.grammar !== null) return profile.grammar;
  if (profile.schema === null) return undefined;
  return schemaToGrammar(profile.schema, {
    ...generationLimits,
    maxStringLength: options.maxStringLength,
    unlisted: options.unlisted,
  }).replace(/^root ::= /mu, 'root ::= " "? ');
}

function outputOf(text: string, profile: TaskProfile, problemOf: (value: unknown) => string | null): GenerateOutput {
  if (profile.schema === null) {
    if (text === '')
      throw failure('the model produced nothing', 'See --explain; a better example in the prompt usually helps.');
    return { type: 'generate', text };
  }
  const value: unknown = parse(text);
  const problem = problemOf(value);
  if (problem !== null)
    throw failure(
      `the output breaks the schema: ${problem}`,
      'Use keywords that the grammar can enforce (docs/tasks.md).',
    );
  return { type: 'generate', text, value };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(`the output is not JSON: ${text.slice(0, 80)}`, 'Use either schema or grammar, not both.', error);
  }
}
