import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TuneSession } from '../../src/methods/candidates/types.js';
import { scoreCandidates } from '../../src/methods/label-likelihood/candidates.js';
import { labelOf, profileWith } from '../helpers/profiles.js';
import { sessionWith } from '../helpers/tune-session.js';

test('label scores are not tried where labels are many and long, unless there is nothing else', () => {
  const names = Array.from({ length: 40 }, (_, i) => `kind${i} of card fee`);
  const tried = (labels: readonly string[], states: TuneSession['states']) =>
    scoreCandidates(sessionWith({ profile: profileWith({ labels: labels.map((name) => labelOf(name)) }), states }), []);
  const heads = () => Promise.reject(new Error('nothing is read here'));
  assert.equal(tried(names, heads), null);
  assert.notEqual(tried(names, { impossible: 'another architecture' }), null);
  assert.notEqual(tried(names.slice(0, 3), heads), null);
});
