import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { templatesFor } from '../src/tune/templates.js';
import { fakeEngine } from './helpers/fake-engine.js';
import { profileWith } from './helpers/profiles.js';
import { sessionWith } from './helpers/tune-session.js';

const { prompt } = profileWith();
const basesOf = (variants?: readonly string[], input = 'text') => {
  const profile = profileWith({ input, prompt: { ...prompt, ...(variants === undefined ? {} : { variants }) } });
  return templatesFor(sessionWith({ profile })).map((template) => template.profile.prompt.base);
};

describe('the templates that tuning tries', () => {
  it("are the task's own, which no overlay repeats, and the variants that it names", () => {
    const variants = ['{{ text }}\nIt was', '{{ text }} =>'];
    assert.deepEqual(basesOf(variants), [prompt.base, ...variants]);
    const [own, other] = templatesFor(sessionWith({ profile: profileWith({ prompt: { ...prompt, variants } }) }));
    assert.equal(own?.prompt, null);
    assert.deepEqual(other?.prompt, { ...prompt, base: variants[0], use: 'base' });
    assert.equal(other?.name, '"It was"');
  });

  it('are general ones where it names none, with its own name for the text', () => {
    assert.deepEqual(basesOf(undefined, 'mail').slice(1), ['{{ mail }}\nThis is about:', '{{ mail }}\nIn a word:']);
    assert.equal(basesOf([]).length, 1);
  });

  it('for a model with a chat format are the plain one too', () => {
    const engine = fakeEngine();
    const chat = { ...engine, model: { ...engine.model, format: 'chat' as const, chatTemplate: '{{ messages }}' } };
    const [own, plain] = templatesFor(sessionWith({ engine: chat }));
    assert.equal(own?.profile.prompt.use, 'auto');
    assert.deepEqual(plain?.prompt, { ...prompt, use: 'base' });
  });
});
