import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { after } from '../../../src/cli/tune/tune-progress.js';
import { type TuneState, TuneView } from '../../../src/cli/tune/tune-view.js';
import type { Trial } from '../../../src/methods/candidates/types.js';
import type { TrialEvent } from '../../../src/tune/trial-event.js';

const nothing: TuneState = {
  title: 'topics on tiny',
  metric: 'accuracy',
  examples: 60,
  trials: [],
  skipped: 0,
  step: null,
  note: null,
  seconds: 0,
  budgetSeconds: 600,
};

function trialOf(key: string, score: number, more: Partial<Trial> = {}): Trial {
  return {
    key,
    title: `way ${key}`,
    complexity: 1,
    layers: 30,
    examples: [],
    n: 60,
    folds: 5,
    score,
    objectiveValue: score,
    interval: { low: score - 0.1, high: score + 0.05, level: 0.95, resamples: 300 },
    tokensPerRecord: 41.6,
    prefixTokens: 0,
    outputs: [],
    ...more,
  };
}

function ended(trial: Trial): TrialEvent {
  return { kind: 'end', trial, seconds: 1, again: false };
}

function shown(state: Partial<TuneState>, rows = 24): string {
  const { lastFrame, unmount } = render(createElement(TuneView, { ...nothing, ...state, rows }));
  const frame = lastFrame() ?? '';
  unmount();
  return frame;
}

describe('the view of a search', () => {
  it('shows each trial with score, interval, n and tokens, and marks the best', () => {
    const { trials } = [trialOf('a', 0.7), trialOf('b', 0.8)].map(ended).reduce(after, nothing);
    const lines = shown({ trials }).split('\n');
    assert.match(lines[1] as string, /accuracy {2}95 % +n {2}tokens a record {2}trial/u);
    assert.match(lines[2] as string, /^\* +0\.800 {2}0\.700–0\.850 {2}60 +42 {2}way b$/u);
    assert.match(lines[3] as string, /^ +0\.700 {2}0\.600–0\.750 {2}60 +42 {2}way a$/u);
  });

  it('ranks what was measured on most examples first, and a candidate by its last measurement', () => {
    const { trials } = [trialOf('a', 0.9, { n: 20 }), trialOf('b', 0.8, { n: 20 }), trialOf('b', 0.7)]
      .map(ended)
      .reduce(after, nothing);
    assert.deepEqual(
      trials.map(({ key, n }) => `${key} ${n}`),
      ['b 60', 'a 20'],
    );
  });

  it('shows what is under way and how far it is, until it ends', () => {
    const begun = after(nothing, { kind: 'begin', title: 'head, 18 layers', n: 60 });
    assert.match(shown({ step: begun.step }), /now: head, 18 layers, 60 examples\n░{30}/u);
    const frame = shown({ step: { title: 'head', part: { what: 'reading', done: 15, total: 60 } } });
    assert.match(frame, /█{8}░{22} reading, 15 of 60/u);
    assert.equal(after(begun, ended(trialOf('a', 0.5))).step, null);
  });

  it('shows a notice beneath, until the next trial', () => {
    assert.match(shown({ note: 'making a file' }), /\nmaking a file$/u);
    assert.equal(after({ ...nothing, note: 'making a file' }, { kind: 'begin', title: 'head', n: 6 }).note, null);
  });

  it('shows how much of the budget is left', () => {
    assert.match(shown({ seconds: 100 }), /60 examples, 8 min 20 s of the budget left/u);
    assert.match(shown({ seconds: 700 }), /the budget is spent/u);
  });

  it('fits the height of the terminal and says how many it leaves out', () => {
    const trials = Array.from({ length: 20 }, (_, i) => trialOf(String(i), 0.9 - i / 100));
    const frame = shown({ trials, step: { title: 'head', part: null }, skipped: 2 }, 15);
    assert.ok(frame.split('\n').length <= 15, frame);
    assert.match(frame, /… and 14 that do worse/u);
    assert.match(frame, /2 not tried/u);
  });

  it('cuts off the title of a trial rather than break a line', () => {
    const frame = shown({ trials: [trialOf('a', 0.5, { title: 'a long title '.repeat(20) })] });
    assert.equal(frame.split('\n').length, 3);
  });
});
