import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearestRenderer, nearestTo } from '../../src/methods/nearest-examples.js';
import type { FewShotExample } from '../../src/prompt.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { profileWith } from '../helpers/profiles.js';

const texts = [
  'the parcel never came',
  'a lovely soup and kind waiters',
  'parcel late, box torn',
  'soup was cold',
  'the parcel came late',
];

describe('the nearest examples', () => {
  const nearest = nearestTo(texts);

  it('are those that share words with the text, the likest last', () => {
    assert.deepEqual(
      nearest('late parcel, torn box', 2).map((i) => texts[i]),
      ['the parcel came late', 'parcel late, box torn'],
    );
  });

  it('are filled up with the first ones where too few share a word', () => {
    assert.deepEqual(nearest('cold', 3), [1, 0, 3]);
    assert.deepEqual(nearest('', 2), [1, 0]);
  });

  it('never are the text itself', () => {
    assert.ok(!nearest('soup was cold', 5).includes(3));
    assert.equal(nearest('soup was cold', 5).length, 4);
  });

  it('stand in the part of the prompt that changes from text to text', () => {
    const profile = profileWith();
    const pool = texts.map(
      (text): FewShotExample => ({ fields: { text }, target: text.includes('lovely') ? 'good' : 'bad' }),
    );
    const render = nearestRenderer(profile, fakeEngine().model, pool, 1);
    const { prefix, input } = render({ text: 'where is my torn box' });
    const said = (segments: typeof input) => segments.map(({ text }) => text).join('');
    assert.ok(!said(prefix).includes('parcel'));
    assert.match(said(input), /parcel late, box torn.* bad\n\n.*where is my torn box/su);
    // What the examples say is data, as what the text says.
    assert.ok(input.filter(({ text }) => text.includes('parcel')).every(({ field }) => field !== null));
  });
});
