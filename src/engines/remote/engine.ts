import type { Capability, Engine } from '../../types.js';
import type { ServiceOptions } from '../types.js';
import type { RemoteClient } from './client.js';

/** A text has fewer tokens than this for each character in nearly all languages: an estimate that is rather too high. */
const charactersPerToken = 2;
/** Of the models that one would use over the network; longer texts are for the service to refuse. */
const contextSize = 100_000;

/** What all engines over the network are alike in. */
export function remoteEngine<C extends Capability>(
  { spending }: RemoteClient,
  { reference, settings }: ServiceOptions,
  capabilities: readonly C[],
): Engine {
  return {
    model: {
      name: reference,
      path: null,
      sha256: null,
      architecture: 'service',
      format: 'chat',
      chatTemplate: null,
      bosText: '',
      eosText: '',
      bytes: null,
      contextSize,
      vocabularySize: 0,
    },
    capabilities,
    slots: settings.concurrency,
    countTokens: (text) => Math.ceil(text.length / charactersPerToken),
    hold: (work) => work(),
    usage: () => spending.usage(),
    dispose: async () => undefined,
  };
}
