import { z } from 'zod';
import { failure } from '../../errors.js';
import type { EngineWith } from '../../types.js';
import { addresses } from '../remote/address.js';
import { createClient } from '../remote/client.js';
import { remoteEngine } from '../remote/engine.js';
import { optionProbabilities } from '../remote/option-probabilities.js';
import type { ServiceEngineKind } from '../types.js';

const { problem, host, place } = addresses(null, 'systemone:MODEL@https://host/v1');
const answer = z.object({
  answers: z.object({ q: z.object({ probabilities: z.record(z.string(), z.number().min(0)) }) }),
});
/** The cost of an answer, which one that cannot be read has, too. */
const billed = z.object({ usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }) });

/** `systemone:MODEL@URL`: typed questions, as local servers answer them. */
export const systemone: ServiceEngineKind = {
  kind: 'service',
  title: 'typed questions',
  capabilities: ['decisions'],
  problem,
  host,
  async open(written, options): Promise<EngineWith<'decisions'>> {
    const address = place(written);
    const client = createClient(address, options);
    return {
      ...remoteEngine(client, options, ['decisions']),
      async decide({ instruction, text, options: choices }, { signal } = {}) {
        const criteria = Object.fromEntries(choices.map(({ name, description }) => [name, description || null]));
        const questions = { q: { type: 'choice', instructions: instruction, criteria } };
        const body = { model: address.model, state: text, questions };
        const given = await client.post('/systemone', body, signal);
        const cost = billed.safeParse(given);
        if (cost.success) {
          const { usage } = cost.data;
          client.spending.add({ input: usage.input_tokens, cached: 0, output: usage.output_tokens });
        }
        const read = answer.safeParse(given);
        if (!read.success || !cost.success) throw failure(`${options.reference} gave an answer that is no decision`);
        const known = new Map(Object.entries(read.data.answers.q.probabilities));
        return optionProbabilities(options.reference, choices, known);
      },
    };
  },
};
