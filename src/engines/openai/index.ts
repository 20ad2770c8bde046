import type { EngineWith } from '../../types.js';
import { addresses } from '../remote/address.js';
import { createClient } from '../remote/client.js';
import { remoteEngine } from '../remote/engine.js';
import type { ServiceEngineKind } from '../types.js';
import { chatWith } from './chat.js';
import { decideByChat } from './decide.js';

const { problem, host, place } = addresses('https://api.openai.com/v1', 'openai:MODEL@https://host/v1');

/** `openai:MODEL@URL`: chat completions with a JSON Schema for the answer, as many services have them. */
export const openai: ServiceEngineKind = {
  kind: 'service',
  title: 'chat completions',
  capabilities: ['decisions', 'chat'],
  problem,
  host,
  async open(written, options): Promise<EngineWith<'decisions' | 'chat'>> {
    const address = place(written);
    const client = createClient(address, options);
    const ask = chatWith(client, address.model, options);
    return {
      ...remoteEngine(client, options, ['decisions', 'chat']),
      images: true,
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
