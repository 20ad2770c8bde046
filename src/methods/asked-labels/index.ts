import { z } from 'zod';
import { imageOf } from '../../image.js';
import type { DecisionOption } from '../../types.js';
import { deciderFor, undecided } from '../decide.js';
import { tablePart } from '../explain.js';
import { instructionOf, shownTurns } from '../turns.js';
import type { Method, PieceInput } from '../types.js';

const optionsSchema = z.strictObject({});

const yesOrNo: readonly DecisionOption[] = [
  { name: 'yes', description: '' },
  { name: 'no', description: '' },
];

/** Asks a service how likely each label is; where several can hold, whether each does. */
export const askedLabels: Method<'decisions'> = {
  name: 'asked-labels',
  title: 'labels decided by a service',
  taskTypes: ['classify'],
  needs: ['decisions'],
  options: optionsSchema,
  defaultPrompt: () => ({
    instruction: 'Choose the label that fits the text.',
    base: '{{ text }}',
    chat: '{{ text }}',
    use: 'auto',
  }),
  vocabulary: 'whole',
  renderer: (profile) => shownTurns(profile, { shots: [], keepLines: true }),

  async prepare({ profile, engine }) {
    const instruction = instructionOf(profile);
    const { labels, multiLabel } = profile;
    const probabilitiesOf = async (text: string, image: string | null): Promise<number[]> => {
      const about = { text, ...(image === null ? {} : { image }) };
      if (!multiLabel) return engine.decide({ instruction, ...about, options: labels });
      return Promise.all(
        labels.map(async ({ name, description }) => {
          const question = `Does the label "${name}"${description && ` (${description})`} hold?`;
          const [yes] = await engine.decide({ instruction: `${instruction}\n${question}`, ...about, options: yesOrNo });
          return yes ?? 0;
        }),
      );
    };
    return {
      maxPieceTokens: null,
      readsImages: true,

      async predict({ record, text, explain }: PieceInput) {
        const probabilities = await probabilitiesOf(text, imageOf(record));
        const output = undecided(
          labels.map(({ name }) => name),
          probabilities,
        );
        const rows = Object.entries(output.scores).map(([name, value]) => [name, value.toFixed(4)]);
        return {
          output,
          explanation: explain
            ? [{ title: 'instruction', body: instruction }, tablePart('labels', [['label', 'probability'], ...rows])]
            : [],
        };
      },

      decide: deciderFor(profile, multiLabel),
    };
  },
};
