import { z } from 'zod';
import { failure } from '../../errors.js';
import type { EngineWith } from '../../types.js';
import { addresses } from '../remote/address.js';
import { createClient } from '../remote/client.js';
import { remoteEngine } from '../remote/engine.js';
import { optionProbabilities } from '../remote/option-probabilities.js';
import type { ServiceEngineKind } from '../types.js';

const { problem, host, place } = addresses('https://api.openai.com/v1', 'decisions:MODEL@https://host/v1');
const answer = z.object({
  answers: z
    .array(
      z.union([
        z.object({
          type: z.literal('choice'),
          probabilities: z.array(
            z.object({ value: z.union([z.string(), z.boolean()]), probability: z.number().min(0) }),
          ),
        }),
        z.object({ type: z.literal('refusal') }),
      ]),
    )
    .length(1),
});
/** The cost of an answer, which one that cannot be read has, too. */
const billed = z.object({
  usage: z.object({
    input_tokens: z.number(),
    output_tokens: z.number(),
    input_tokens_details: z.object({ cached_tokens: z.number() }).partial().optional(),
  }),
});

/** `decisions:MODEL@URL`: the decisions of OpenAI's interface. */
export const decisions: ServiceEngineKind = {
  kind: 'service',
  title: 'typed decisions',
  capabilities: ['decisions'],
  problem,
  host,
  async open(written, options): Promise<EngineWith<'decisions'>> {
    const address = place(written);
    const client = createClient(address, options);
    return {
      ...remoteEngine(client, options, ['decisions']),
      async decide({ instruction, text, options: choices }, { signal } = {}) {
        const body = {
          model: address.model,
          input: text,
          questions: [
            {
              type: 'choice',
              instructions: instruction,
              choices: choices.map(({ name, description }) => ({
                value: name,
                ...(description === '' ? {} : { description }),
              })),
            },
          ],
        };
        const given = await client.post('/decisions', body, signal);
        const cost = billed.safeParse(given);
        if (cost.success) {
          const { usage } = cost.data;
          client.spending.add({
            input: usage.input_tokens,
            cached: usage.input_tokens_details?.cached_tokens ?? 0,
            output: usage.output_tokens,
          });
        }
        const read = answer.safeParse(given);
        if (!read.success || !cost.success) throw failure(`${options.reference} gave an answer that is no decision`);
        const [decision] = read.data.answers;
        if (decision?.type !== 'choice') throw failure(`${options.reference} refused to answer`);
        const known = new Map(decision.probabilities.map(({ value, probability }) => [String(value), probability]));
        return optionProbabilities(options.reference, choices, known);
      },
    };
  },
};
