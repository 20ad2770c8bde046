import { z } from 'zod';
import { failure, messageOf, SlmError } from '../../errors.js';
import { grammarMatcher } from '../../grammar/gbnf-match.js';
import {
  compilePrompt,
  type FewShotExample,
  type PromptModel,
  type PromptRenderer,
  tokenizePrompt,
} from '../../prompt.js';
import type { EngineWith, Generated, GenerateOutput, Gold, Prompt, TaskProfile } from '../../types.js';
import { promptPart } from '../explain.js';
import { type LearnedExample, learnedBy, learnedExamples } from '../learned.js';
import { exampleChoice, nearestRenderer } from '../nearest-examples.js';
import type { DefaultPrompt, Method, PieceInput } from '../types.js';
import { type Form, formOf } from './form.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(3).describe('Number of examples in the prompt.'),
  choice: exampleChoice,
  maxTokens: z.int().min(1).default(512).describe('Limit of one output; more is an error of that record.'),
  attempts: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('Attempts in all, if the check refuses an output or it is cut off.'),
  stop: z
    .array(z.string().min(1))
    .default([])
    .describe('Generation ends before these strings. Without a schema or grammar, the default is a blank line.'),
  maxStringLength: z.int().min(1).default(200).describe('Longest string, where the schema sets no limit.'),
  unlisted: z.boolean().default(false).describe('Whether objects may have properties that the schema does not list.'),
});
type Options = z.infer<typeof optionsSchema>;

const generationPrompt: DefaultPrompt = {
  instruction: '',
  base: 'Input: {{ text }}\nOutput:',
  chat: '{{ text }}',
  use: 'auto',
};

const learnedShape = z.strictObject({
  examples: learnedExamples,
  /** The chat turn, or the completion prompt, whatever the task says. */
  use: z.enum(['base', 'chat']).optional(),
});

const learns = {
  schema: learnedShape,
  apply(profile: TaskProfile): TaskProfile {
    const use = learnedBy(learnedShape, profile)?.use;
    return use === undefined ? profile : { ...profile, prompt: { ...profile.prompt, use } };
  },
};

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
    const form = formOf(profile, limitsOf(optionsSchema.parse(profile.options)));
    if (profile.grammar !== null) {
      const matches = grammarMatcher(profile.grammar);
      return outputCheck((text) =>
        fitsAround(matches, text.trim()) ? null : 'the output is none that the grammar gives',
      );
    }
    if (profile.schema === null) return null;
    return outputCheck((text) => {
      form.read(text, '');
      return null;
    });
  },

  async prepare({ profile, engine }) {
    const options = optionsSchema.parse(profile.options);
    const render = rendererOf(profile, engine.model, options);
    const form = formOf(profile, limitsOf(options));

    return {
      maxPieceTokens: null,

      async predict({ record, text, explain }: PieceInput) {
        const prompt = render({ ...record.fields, [profile.input]: text });
        const grammar = form.grammar(text);
        const tried = await attempt(engine, tokenizePrompt(engine, prompt), {
          form,
          grammar,
          text,
          // Free text, and a grammar of one's own, are not checked: they can only be cut off.
          options: profile.schema === null ? { ...options, attempts: 1 } : options,
        });
        return {
          output: tried.output,
          explanation: explain
            ? [
                promptPart(prompt),
                { title: 'grammar', body: grammar ?? '(none)' },
                ...tried.failed.map((body) => ({ title: 'refused by the check', body })),
                { title: 'generated', body: `${tried.generated.text}\n${endingOf(tried.generated)}` },
              ]
            : [],
        };
      },

      decide: (output) => output,
    };
  },
} satisfies Method<'generation'>;

interface Attempt {
  readonly form: Form;
  readonly grammar: string | undefined;
  readonly text: string;
  readonly options: Options;
}

/**
 * Temperature of further attempts: low enough for a small model to keep to the text, high enough for another output.
 */
const temperature = 0.7;

/** Generates until the check passes: the likeliest output first, then drawn ones, by a seed of their own each. */
async function attempt(
  engine: EngineWith<'generation'>,
  prompt: Prompt,
  { form, grammar, text, options }: Attempt,
): Promise<{ output: GenerateOutput; generated: Generated; failed: readonly string[] }> {
  // Without a grammar a base model would go on with the next item.
  const stop = grammar === undefined && options.stop.length === 0 ? ['\n\n'] : options.stop;
  const failed: string[] = [];
  for (let seed = 1; ; seed++) {
    const generated = await engine.generate(prompt, {
      maxTokens: options.maxTokens,
      stop,
      ...(grammar === undefined ? {} : { grammar }),
      ...(seed === 1 ? {} : { sample: { temperature, seed } }),
    });
    try {
      return { output: read(generated, form, text, options), generated, failed };
    } catch (error) {
      if (!(error instanceof SlmError) || error.kind !== 'failure') throw error;
      failed.push(`${generated.text}\n${endingOf(generated)}: ${error.message}`);
      if (seed < options.attempts) continue;
      if (seed === 1) throw error;
      throw failure(`${error.message} (${seed} attempts)`, error.hint, error);
    }
  }
}

function read({ text: generated, stopReason }: Generated, form: Form, text: string, options: Options): GenerateOutput {
  if (stopReason !== 'length') return form.read(generated.trim(), text);
  throw failure(
    `the output was cut off at ${options.maxTokens} tokens`,
    'Raise options.maxTokens (max_tokens of a request), or bound the strings and lists of the schema.',
  );
}

const endingOf = ({ tokens, stopReason }: Generated): string => `${tokens} tokens, ended by ${stopReason}`;

function limitsOf({ maxStringLength, unlisted }: Options) {
  return { maxStringLength, unlisted };
}

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

/** Examples that may stand in the prompt: those of the tuned settings, else all. */
function poolOf(profile: TaskProfile): FewShotExample[] {
  const learned = learnedOf(profile);
  if (learned !== null) return learned.map(({ fields, label }) => ({ fields, target: label }));
  return profile.examples.flatMap(({ record, gold }) =>
    gold.type === 'generate' ? [{ fields: record.fields, target: gold.output }] : [],
  );
}
