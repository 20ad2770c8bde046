import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rememberingEngine } from '../../../src/app/tuning/remembering-engine.js';
import type { EngineWith } from '../../../src/types.js';
import { type FakeEngine, fakeEngine, type Script } from '../../helpers/fake-engine.js';

function remembered(script: Script): { fake: FakeEngine; engine: EngineWith<'scores' | 'generation'> } {
  const fake = fakeEngine(script);
  return { fake, engine: rememberingEngine(fake) as EngineWith<'scores' | 'generation'> };
}

describe('an engine that remembers', () => {
  it('evaluates the same request once, however its tokens are divided and whoever asks', async () => {
    const { fake, engine } = remembered({ next: (text, token) => -text.length - token.length });
    const [a, b] = [engine.tokenize('one two '), engine.tokenize('three')];
    const yes = engine.tokenize('yes');
    const [first, second] = await Promise.all([
      engine.scoreNext({ prefix: [a], input: b }, [0], yes),
      engine.scoreNext({ prefix: [[...a]], input: [...b] }, [0], yes),
    ]);
    assert.deepEqual(first, second);
    assert.equal(fake.calls.next, 1);
  });

  it('asks again for other positions, tokens, prompts, continuations and limits', async () => {
    const { fake, engine } = remembered({
      next: () => -1,
      score: () => -2,
      generate: () => ({ text: 'x', tokens: 1, stopReason: 'end' }),
    });
    const [a, b] = [engine.tokenize('one'), engine.tokenize('two four')];
    const prompt = { prefix: [a], input: b };
    await engine.scoreNext(prompt, [0], a);
    await engine.scoreNext(prompt, [1], a);
    await engine.scoreNext(prompt, [0], b.slice(0, 1));
    await engine.scoreNext({ prefix: [a, b.slice(0, 1)], input: b.slice(1) }, [0], a);
    assert.equal(fake.calls.next, 4);
    await engine.scoreContinuations(prompt, [a]);
    await engine.scoreContinuations(prompt, [a, b]);
    assert.equal(fake.calls.score, 2);
    await engine.generate(prompt, { maxTokens: 4 });
    await engine.generate(prompt, { maxTokens: 5 });
    await engine.generate(prompt, { maxTokens: 5, signal: new AbortController().signal });
    assert.equal(fake.calls.generate, 2);
  });

  it('does not keep what is drawn at random, nor what has failed', async () => {
    let calls = 0;
    const { fake, engine } = remembered({
      next: () => -1,
      generate: () => {
        if (++calls === 1) throw new Error('once');
        return { text: `${calls}`, tokens: 1, stopReason: 'end' };
      },
    });
    const prompt = { prefix: [], input: engine.tokenize('one') };
    await assert.rejects(engine.generate(prompt, { maxTokens: 4 }), /once/u);
    assert.equal((await engine.generate(prompt, { maxTokens: 4 })).text, '2');
    const sample = { temperature: 1, seed: 1 };
    await engine.generate(prompt, { maxTokens: 4, sample });
    await engine.generate(prompt, { maxTokens: 4, sample });
    assert.equal(fake.calls.generate, 4);
  });
});
