import { z } from 'zod';
import { failure } from '../../errors.js';
import type { ChatTurn, Example, ExtractOutput, Output } from '../../types.js';
import { instructionOf, labelLines, shownTurns } from '../turns.js';
import type { Method, PieceInput } from '../types.js';
import { align } from './align.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(3).describe('Number of examples in the conversation.'),
  maxTokens: z.int().min(1).default(2048).describe('Limit of one answer; more is an error of that record.'),
});

const answer = z.object({ entities: z.array(z.object({ text: z.string(), label: z.string() })) });

/** Asks a service for the entities as JSON, and gives those alone that stand in the text. */
export const askedSpans: Method<'chat'> = {
  name: 'asked-spans',
  title: 'entities named by a service, found in the text',
  taskTypes: ['extract'],
  needs: ['chat'],
  options: optionsSchema,
  defaultPrompt: () => ({
    instruction: 'List what the text mentions, in its own words.',
    base: '{{ text }}',
    chat: '{{ text }}',
    use: 'auto',
  }),
  vocabulary: 'whole',
  renderer: (profile) => shownTurns(profile, { shots: [], keepLines: true }),

  async prepare({ profile, engine }) {
    const { shots, maxTokens } = optionsSchema.parse(profile.options);
    const names = profile.labels.map(({ name }) => name);
    const schema = schemaFor(names);
    const rules = 'Copy each text exactly as it stands, in the order of the text, as often as it stands there.';
    const system = `${instructionOf(profile)}\n\nLabels:\n${labelLines(profile.labels)}\n\n${rules}`;
    const head: ChatTurn[] = [
      { role: 'system', text: system.trim() },
      ...profile.examples.slice(0, shots).flatMap((example) => shotOf(example)),
    ];
    return {
      maxPieceTokens: null,

      async predict({ text, explain }: PieceInput) {
        const turns: ChatTurn[] = [...head, { role: 'user', text }];
        const given = await engine.chat(turns, { maxTokens, schema });
        if (given.stopReason === 'length')
          throw failure(`the answer was cut off at ${maxTokens} tokens`, 'Raise options.maxTokens.');
        const { entities, ungrounded } = align(
          text,
          read(given.text).filter(({ label }) => names.includes(label)),
        );
        const output: ExtractOutput = {
          type: 'extract',
          entities,
          ...(ungrounded.length === 0 ? {} : { ungrounded }),
        };
        const said = turns.map(({ role, text: words }) => `${role}: ${words}`).join('\n\n');
        return {
          output,
          explanation: explain
            ? [
                { title: 'conversation', body: said },
                { title: 'answer', body: given.text },
                { title: 'not in the text', body: ungrounded.join('\n') },
              ]
            : [],
        };
      },

      // The service gives no probability that a threshold could be compared with.
      decide: (output: Output) => output,
    };
  },
};

function schemaFor(labels: readonly string[]) {
  const entity = {
    type: 'object',
    properties: { text: { type: 'string' }, label: { type: 'string', enum: labels } },
    required: ['text', 'label'],
    additionalProperties: false,
  };
  return {
    type: 'object',
    properties: { entities: { type: 'array', items: entity } },
    required: ['entities'],
    additionalProperties: false,
  };
}

function shotOf({ record, gold }: Example): ChatTurn[] {
  if (gold.type !== 'extract') return [];
  const entities = gold.entities.map(({ text, label }) => ({ text, label }));
  return [
    { role: 'user', text: record.text },
    { role: 'assistant', text: JSON.stringify({ entities }) },
  ];
}

function read(text: string): z.infer<typeof answer>['entities'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw failure('the answer is no JSON', undefined, error);
  }
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw failure('the answer is no list of entities');
  return parsed.data.entities;
}
