import { z } from 'zod';
import { messageOf, usageError } from '../../errors.js';
import { onceEach } from '../../lazy.js';
import { tokenizePrompt } from '../../prompt.js';
import type { ClassifyOutput, Output, TaskProfile } from '../../types.js';
import { decideLabel } from '../decide.js';
import { promptPart, tablePart } from '../explain.js';
import { ensembleExamples, labelExamples } from '../few-shot.js';
import { labelPrompts, labelRenderer } from '../label-prompts.js';
import { learnedPromptShape, withLearnedPrompt } from '../learned.js';
import type { Method, PieceInput } from '../types.js';
import { classifyingPrompt } from '../usual-prompts.js';
import { labelShares, type Neighbours, neighboursFrom } from './neighbours.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(0).describe('Few-shot examples before a text.'),
});

/** The labels of the examples whose hidden states are most like that of the text; nothing is trained. */
export const nearestStates: Method = {
  name: 'nearest-states',
  title: 'labels of the examples with the likest hidden states',
  taskTypes: ['classify'],
  needs: ['features'],
  options: optionsSchema,
  defaultPrompt: classifyingPrompt,
  vocabulary: 'trimmed',
  learns: { schema: z.strictObject(learnedPromptShape), apply: withLearnedPrompt },
  candidates: async () => (await import('./candidates.js')).plan,

  renderer(profile, model) {
    return labelRenderer(profile, model, { ...optionsSchema.parse(profile.options), choice: 'first' });
  },

  reads(profile) {
    return [labelExamples(profile, optionsSchema.parse(profile.options).shots), ensembleExamples(profile)];
  },

  recipe(profile, tokens) {
    const { layers, rows } = neighbours(profile);
    return { layers, tokens, output: { values: rows } };
  },

  check(profile) {
    if (profile.tuned !== null) neighbours(profile);
    return null;
  },

  async prepare({ profile, engine }) {
    const known = neighbours(profile);
    const prompts = labelPrompts(profile, engine, { ...optionsSchema.parse(profile.options), choice: 'first' });
    return {
      maxPieceTokens: prompts.longestText(0),

      async predict({ record, text, explain }: PieceInput) {
        const [shown] = prompts.render({ ...record.fields, [profile.input]: text });
        if (shown === undefined) throw new Error('there is no prompt');
        const prompt = tokenizePrompt(engine, shown);
        const [products] = await engine.readOutputs(prompt, [prompt.input.length - 1], known.rows.length);
        const shares = labelShares(known, products as Float64Array);
        const output: ClassifyOutput = {
          type: 'classify',
          labels: [],
          abstained: false,
          score: 0,
          scores: Object.fromEntries(known.labels.map((label, i) => [label, shares[i] as number])),
        };
        const rows = known.labels.map((label, i) => [label, (shares[i] as number).toFixed(4)]);
        return {
          output,
          explanation: explain ? [promptPart(shown), tablePart('votes', [['label', 'share'], ...rows])] : [],
        };
      },

      decide: (output: Output) => decideLabel(output as ClassifyOutput, profile.threshold, profile.labels),
    };
  },
};

const read = onceEach(neighboursFrom);

function neighbours(profile: TaskProfile): Neighbours {
  const again = `Run \`slm tune ${profile.name} --data FILE\`, or take another method.`;
  const numbers = profile.tuned?.numbers ?? null;
  if (numbers === null) {
    throw usageError(`${profile.path}: the method "nearest-states" has to be tuned first, for this model.`, again);
  }
  try {
    return read(numbers);
  } catch (error) {
    throw usageError(`${profile.tuned?.file}: its numbers cannot be read: ${messageOf(error)}.`, again, error);
  }
}
