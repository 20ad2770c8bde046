import { z } from 'zod';
import { compilePrompt, type PromptModel, type PromptRenderer, usesChat } from '../../prompt.js';
import { words as wordsOf } from '../../segment.js';
import type { EngineWith, Entity, ExtractOutput, Label, Output, Prompt, TaskProfile, Token } from '../../types.js';
import { beginnings, complete, continuations, copiedSpan, follow, type SourceWord, sourceWords } from '../copying.js';
import { promptPart, tablePart } from '../explain.js';
import { promptLength, splitPrompt } from '../parts.js';
import { aboveThreshold, withoutOverlaps } from '../span-scoring/index.js';
import type { Method, PieceInput } from '../types.js';
import { entityPrompt } from '../usual-prompts.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(6).describe('Number of example lists in the prompt.'),
  none: z.string().min(1).default('none').describe('What the model says when a text has nothing for a label.'),
  maxEntities: z.int().min(1).default(20).describe('Longest list for one label and piece.'),
  pieceTokens: z.int().min(16).default(192).describe('Longer texts are read in pieces of whole sentences.'),
});
type Options = z.infer<typeof optionsSchema>;

const separatorText = ';';
/** Fields that the template gets beside the record's own. */
const labelFields = ['label', 'description'];
/** Tokens. */
const longestCopy = 24;
const longestList = 256;

/**
 * Asks for a list of each label's entities and lets the model write nothing but words that follow each other in the
 * text. Works for any label, at the price of one list a label.
 */
export const spanCopying: Method<'scores'> = {
  name: 'span-copying',
  title: 'lists copied from the text',
  taskTypes: ['extract'],
  needs: ['scores'],
  options: optionsSchema,
  defaultPrompt: () => entityPrompt,
  vocabulary: 'whole',

  renderer(profile, model) {
    const render = rendererOf(profile, model, optionsSchema.parse(profile.options));
    return (fields) => render({ ...fields, ...fieldsOf(profile.labels[0] as Label) });
  },

  async prepare({ profile, engine }) {
    const options = optionsSchema.parse(profile.options);
    const render = rendererOf(profile, engine.model, options);
    const lead = usesChat(profile, engine.model) ? '' : ' ';
    const marks: Marks = {
      none: engine.tokenize(lead + options.none),
      separator: engine.tokenize(separatorText),
      end: engine.tokenize('\n').slice(0, 1),
    };
    const empty = splitPrompt(
      engine,
      render({ [profile.input]: 'x', ...fieldsOf(profile.labels[0] as Label) }),
      labelFields,
    );
    const room = Math.floor((engine.model.contextSize - promptLength(empty) - 64) / 2);

    return {
      maxPieceTokens: Math.min(options.pieceTokens, room),

      async predict({ record, text, explain }: PieceInput) {
        const words = sourceWords(engine, text, wordsOf(text));
        const found: Entity[] = [];
        const rows: string[][] = [];
        for (const label of profile.labels) {
          const prompt = render({ ...record.fields, [profile.input]: text, ...fieldsOf(label) });
          const entities = await copyList(engine, splitPrompt(engine, prompt, labelFields), words, marks, options);
          for (const { span, score } of entities) {
            found.push({ ...span, text: text.slice(span.start, span.end), label: label.name, score });
          }
          rows.push([
            label.name,
            entities.map(({ span }) => JSON.stringify(text.slice(span.start, span.end))).join('; ') || options.none,
          ]);
        }
        const output: ExtractOutput = { type: 'extract', entities: withoutOverlaps(found) };
        const shown = render({ ...record.fields, [profile.input]: text, ...fieldsOf(profile.labels[0] as Label) });
        return {
          output,
          explanation: explain ? [promptPart(shown), tablePart('lists', [['label', 'copied'], ...rows])] : [],
        };
      },

      decide: (output: Output) => aboveThreshold(output as ExtractOutput, profile.threshold.min),
    };
  },
};

interface Marks {
  readonly none: readonly Token[];
  readonly separator: readonly Token[];
  readonly end: readonly Token[];
}

interface Copied {
  readonly span: { start: number; end: number };
  readonly score: number;
}

/** Decodes `a; b; c` or "none"; every item is a run of whole words of the source. */
async function copyList(
  engine: EngineWith<'scores'>,
  prompt: Prompt,
  words: readonly SourceWord[],
  marks: Marks,
  options: Options,
): Promise<Copied[]> {
  if (words.length === 0) return [];
  const separator = marks.separator[0] as Token;
  const end = marks.end[0] as Token;
  const decoded = await engine.decode(
    prompt,
    (soFar) => {
      if (soFar.at(-1) === end) return null;
      const start = soFar.lastIndexOf(separator) + 1;
      const item = soFar.slice(start);
      if (soFar.filter((token) => token === separator).length >= options.maxEntities) return null;
      if (item.length === 0) {
        const begins = continuations(words, beginnings(words));
        return soFar.length === 0 ? [...begins, marks.none[0] as Token] : begins;
      }
      const states = follow(words, item);
      if (states.length === 0) return null; // It said "none".
      const done = complete(words, states);
      const more = item.length >= longestCopy ? [] : continuations(words, states);
      return done.length === 0 ? more : [...more, separator, end];
    },
    { maxTokens: Math.min(longestList, options.maxEntities * longestCopy) },
  );
  let start = 0;
  const copied: Copied[] = [];
  for (let at = 0; at <= decoded.tokens.length; at++) {
    const token = decoded.tokens[at];
    if (token !== undefined && token !== separator && token !== end) continue;
    const [state] = complete(words, follow(words, decoded.tokens.slice(start, at)));
    const score = Math.exp(decoded.choiceLogprobs.slice(start, at).reduce((sum, value) => sum + value, 0));
    if (state !== undefined) copied.push({ span: copiedSpan(words, state), score });
    start = at + 1;
  }
  return copied;
}

function rendererOf(profile: TaskProfile, model: PromptModel, options: Options): PromptRenderer {
  return compilePrompt(profile, model, { shots: listShots(profile, options) });
}

/** One label's list for each of the first examples, the labels in turn. */
function listShots(profile: TaskProfile, options: Options) {
  return profile.examples.slice(0, options.shots).map((example, i) => {
    const label = profile.labels[i % profile.labels.length] as Label;
    const entities = example.gold.type === 'extract' ? example.gold.entities : [];
    const items = entities.filter((entity) => entity.label === label.name).map((entity) => entity.text);
    return {
      fields: { ...example.record.fields, ...fieldsOf(label) },
      target: items.length === 0 ? options.none : items.join(`${separatorText} `),
    };
  });
}

function fieldsOf(label: Label) {
  return { label: label.word, description: label.description };
}
