import type { EngineWith } from '../../types.js';
import { readAddress } from '../remote/address.js';
import { createClient } from '../remote/client.js';
import { remoteEngine } from '../remote/engine.js';
import type { ServiceEngineKind } from '../types.js';
import { chatWith } from './chat.js';
import { decideByChat } from './decide.js';

const example = 'openai:MODEL@https://host/v1';
const address = (written: string) => readAddress(written, 'https://api.openai.com/v1', example);

/** `openai:MODEL@URL`: chat completions with a JSON Schema for the answer, as many services have them. */
export const openai: ServiceEngineKind = {
  kind: 'service',
  title: 'chat completions',
  capabilities: ['decisions', 'chat'],
  problem: (written) => (typeof address(written) === 'string' ? (address(written) as string) : null),
  host: (written) => (address(written) as { host: string | null }).host,
  async open(written, options): Promise<EngineWith<'decisions' | 'chat'>> {
    const place = address(written) as Exclude<ReturnType<typeof address>, string>;
    const client = createClient(place, options);
    const ask = chatWith(client, place.model, options.reference);
    return {
      ...remoteEngine(client, options, ['decisions', 'chat']),
      decide: decideByChat(ask, options),
      async chat(turns, { maxTokens, schema, stop, signal }) {
        const { text, tokens, cut } = await ask(turns, {
          maxTokens,
          schema: schema ?? null,
          stop: stop ?? [],
          logprobs: false,
          ...(signal === undefined ? {} : { signal }),
        });
        return { text, tokens, stopReason: cut ? 'length' : 'end' };
      },
    };
  },
};
