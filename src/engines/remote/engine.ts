import type { Capability, Engine } from '../../types.js';
import type { ServiceOptions } from '../types.js';
import type { RemoteClient } from './client.js';

/** A text has fewer tokens than this for each character in nearly all languages: an estimate that is rather too high. */
const charactersPerToken = 2;
/** Context of the models that people use over the network; the service itself refuses longer texts. */
const contextSize = 100_000;

/** The common part of all engines over the network. */
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
    beside: () => null,
    usage: () => spending.usage(),
    dispose: async () => undefined,
  };
}
