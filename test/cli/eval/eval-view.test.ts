import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { type EvalState, EvalView } from '../../../src/cli/eval/eval-view.js';

function shown(state: Partial<EvalState>): string {
  const whole: EvalState = { title: 'ner on tiny', done: 0, total: 200, correct: 0, failed: 0, seconds: 0, ...state };
  const { lastFrame, unmount } = render(createElement(EvalView, whole));
  const frame = lastFrame() ?? '';
  unmount();
  return frame;
}

describe('the view of an evaluation', () => {
  it('shows the share done, the speed, the time left and how many are right', () => {
    const frame = shown({ done: 50, correct: 40, seconds: 10 });
    assert.match(frame, /ner on tiny/u);
    assert.match(frame, /50 of 200 5\.0 a second, 30 s left/u);
    assert.match(frame, /80\.0 % all right so far/u);
    assert.equal([...frame].filter((character) => character === '█').length, 8);
  });

  it('names failures only where there are some', () => {
    assert.doesNotMatch(shown({ done: 10, correct: 10, seconds: 1 }), /failed/u);
    assert.match(shown({ done: 10, correct: 8, failed: 2, seconds: 1 }), /2 failed/u);
  });

  it('gives no speed, no time left and no share before a record is done', () => {
    const frame = shown({});
    assert.match(frame, /0 of 200\s*\nno record is done yet/u);
    assert.doesNotMatch(frame, /a second|left|%|–/u);
    assert.doesNotMatch(shown({ done: 1, correct: 1 }), /a second|left/u);
  });
});
