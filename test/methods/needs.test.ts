import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTask } from '../../src/predict.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { profileWith } from '../helpers/profiles.js';

describe('what a method needs of an engine', () => {
  it('is checked before the method is prepared, and named', async () => {
    const engine = fakeEngine({ capabilities: ['embeddings'], model: { name: 'minilm' } });
    await assert.rejects(
      openTask({
        profile: profileWith(),
        engine,
        documents: [],
        ownDocuments: async () => [],
        cache: { get: async () => null, set: async () => undefined },
        onProgress: () => undefined,
      }),
      {
        kind: 'usage',
        message:
          'the method "label-likelihood" needs log-probabilities of tokens, but the engine of minilm gives only embeddings.',
      },
    );
    assert.deepEqual(engine.calls, { score: 0, next: 0, outputs: 0, decode: 0, generate: 0, hold: 0 });
  });
});
