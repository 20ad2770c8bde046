import { z } from 'zod';
import { failure, usageError } from '../../errors.js';
import { imageOf } from '../../image.js';
import type { ChatTurn, TaskProfile } from '../../types.js';
import { formOf } from '../constrained-generation/form.js';
import { asTurns, shownTurns, turnRenderer } from '../turns.js';
import type { Method, PieceInput } from '../types.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(3).describe('Number of examples in the conversation.'),
  maxTokens: z.int().min(1).default(2048).describe('Limit of one output; more is an error of that record.'),
});
type Options = z.infer<typeof optionsSchema>;

/** Limits for schemas that leave the length of strings open, as for local models. */
const limits = { maxStringLength: 200, unlisted: false };

/** Asks a service for a text, or for JSON of the task's schema, and checks it here. */
export const askedGeneration: Method<'chat'> = {
  name: 'asked-generation',
  title: 'generation by a service, checked',
  taskTypes: ['generate'],
  needs: ['chat'],
  options: optionsSchema,
  defaultPrompt: () => ({ instruction: '', base: 'Input: {{ text }}\nOutput:', chat: '{{ text }}', use: 'auto' }),
  vocabulary: 'whole',

  renderer: (profile) => shownTurns(profile, shotsOf(profile, optionsSchema.parse(profile.options))),

  async prepare({ profile, engine }) {
    const options = optionsSchema.parse(profile.options);
    if (profile.grammar !== null)
      throw usageError(`${profile.path}: a service takes no "grammar"; write a "schema", or use a local model.`);
    const render = turnRenderer(profile, shotsOf(profile, options));
    const form = formOf(profile, limits);
    return {
      maxPieceTokens: null,
      readsImages: true,

      async predict({ record, text, explain }: PieceInput) {
        const turns = withImage(asTurns(render({ ...record.fields, [profile.input]: text })), imageOf(record));
        const given = await engine.chat(turns, {
          maxTokens: options.maxTokens,
          ...(profile.schema === null ? {} : { schema: profile.schema }),
        });
        if (given.stopReason === 'length')
          throw failure(`the output was cut off at ${options.maxTokens} tokens`, 'Raise options.maxTokens.');
        const said = turns.map(({ role, text: words }) => `${role}: ${words}`).join('\n\n');
        return {
          output: form.read(given.text.trim(), text),
          explanation: explain
            ? [
                { title: 'conversation', body: said },
                { title: 'answer', body: given.text },
              ]
            : [],
        };
      },

      decide: (output) => output,
    };
  },
};

/** The picture goes with the last turn, which is the record's. */
function withImage(turns: readonly ChatTurn[], image: string | null): ChatTurn[] {
  return turns.map((turn, i) => (image !== null && i === turns.length - 1 ? { ...turn, image } : turn));
}

function shotsOf({ examples }: TaskProfile, { shots }: Options) {
  const all = examples.flatMap(({ record, gold }) =>
    gold.type === 'generate' ? [{ fields: record.fields, target: gold.output }] : [],
  );
  return { shots: all.slice(0, shots), keepLines: true };
}
