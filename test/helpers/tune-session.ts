import type { TuneSession } from '../../src/methods/candidates/types.js';
import { fakeEngine } from './fake-engine.js';
import { profileWith } from './profiles.js';

/** A session on a fake engine, of which no file can be derived. */
export function sessionWith(changes: Partial<TuneSession> = {}): TuneSession {
  return {
    profile: profileWith(),
    engine: fakeEngine(),
    documents: [],
    blocks: 2,
    width: 2,
    mostBlocks: changes.blocks ?? 2,
    states: { impossible: 'a fake' },
    seed: 1,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  };
}
