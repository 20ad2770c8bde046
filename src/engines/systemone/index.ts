import { z } from 'zod';
import { failure } from '../../errors.js';
import type { EngineWith } from '../../types.js';
import { readAddress } from '../remote/address.js';
import { createClient } from '../remote/client.js';
import { remoteEngine } from '../remote/engine.js';
import type { ServiceEngineKind } from '../types.js';

const example = 'systemone:MODEL@https://host/v1';
const address = (written: string) => readAddress(written, null, example);
const answer = z.object({
  answers: z.object({ q: z.object({ probabilities: z.record(z.string(), z.number()) }) }),
  usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }),
});

/** `systemone:MODEL@URL`: typed questions, as local servers answer them. */
export const systemone: ServiceEngineKind = {
  kind: 'service',
  title: 'typed questions',
  capabilities: ['decisions'],
  problem: (written) => (typeof address(written) === 'string' ? (address(written) as string) : null),
  host: (written) => (address(written) as { host: string | null }).host,
  async open(written, options): Promise<EngineWith<'decisions'>> {
    const place = address(written) as Exclude<ReturnType<typeof address>, string>;
    const client = createClient(place, options);
    return {
      ...remoteEngine(client, options, ['decisions']),
      async decide({ instruction, text, options: choices }, { signal } = {}) {
        const criteria = Object.fromEntries(choices.map(({ name, description }) => [name, description || null]));
        const questions = { q: { type: 'choice', instructions: instruction, criteria } };
        const body = { model: place.model, state: text, questions };
        const read = answer.safeParse(await client.post('/systemone', body, signal));
        if (!read.success) throw failure(`${options.reference} gave an answer that is no decision`);
        const { answers, usage } = read.data;
        client.spending.add({ input: usage.input_tokens, cached: 0, output: usage.output_tokens });
        return choices.map(({ name }) => answers.q.probabilities[name] ?? 0);
      },
    };
  },
};
