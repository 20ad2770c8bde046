import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { labelsTemplate, templatesFor } from '../../src/methods/candidates/templates.js';
import { defaultTemplates } from '../../src/methods/default-prompts.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { profileWith } from '../helpers/profiles.js';
import { sessionWith } from '../helpers/tune-session.js';

const { prompt } = profileWith();
const basesOf = (variants?: readonly string[], input = 'text') => {
  const profile = profileWith({ input, prompt: { ...prompt, ...(variants === undefined ? {} : { variants }) } });
  return templatesFor(sessionWith({ profile })).map((template) => template.profile.prompt.base);
};

describe('the templates that tuning tries', () => {
  it("are the task's own, which no tuned settings repeat, and the variants that it names", () => {
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

  it('for such a model are the chat turn too, where the task goes without it', () => {
    const engine = fakeEngine();
    const chat = { ...engine, model: { ...engine.model, format: 'chat' as const, chatTemplate: '{{ messages }}' } };
    const profile = profileWith({ prompt: { ...prompt, use: 'base' } });
    const turns = (model: typeof engine) =>
      templatesFor(sessionWith({ engine: model, profile })).filter((template) => template.prompt?.use === 'chat');
    assert.deepEqual(
      turns(chat).map((template) => template.prompt),
      [{ ...prompt, use: 'chat' }],
    );
    assert.deepEqual(turns(engine), []);
  });

  it('call labels by their names in plain words, where these are others and all different', () => {
    const named = (...names: string[]) => names.map((name) => ({ name, word: name, description: '', aliases: [] }));
    const wordsOf = (...names: string[]) =>
      templatesFor(sessionWith({ profile: profileWith({ labels: named(...names) }) })).at(-1)?.words;
    assert.deepEqual(wordsOf('card_arrival', 'lostCard', 'Refund'), {
      card_arrival: 'card arrival',
      lostCard: 'lost card',
      Refund: 'refund',
    });
    assert.equal(wordsOf('late', 'lost card'), undefined);
    assert.equal(wordsOf('lost_card', 'lost-card'), undefined);
  });
});

describe('the template of heads for several labels', () => {
  const templateOf = (base: string, input = 'text') =>
    labelsTemplate(profileWith({ multiLabel: true, input, prompt: { ...prompt, base } })).profile.prompt;

  it('names all labels where that of the task asks about one', () => {
    const usual = defaultTemplates(
      { type: 'classify', multiLabel: true, method: 'label-decisions', input: 'mail' },
      'text',
    );
    const task = profileWith({ multiLabel: true, input: 'mail', prompt: { ...usual, use: 'auto' } });
    const { instruction, base, use } = labelsTemplate(task).profile.prompt;
    assert.deepEqual(
      [instruction, base, use],
      ['Name the labels that hold for the text.', 'Text: {{ mail }}\nLabels:', 'base'],
    );
  });

  it('keeps what the task shows of a text, and its instruction', () => {
    const { base } = templateOf('From: {{ from }}\n{{ text }}\n{{ label }}? {{ description }}');
    assert.equal(base, 'From: {{ from }}\n{{ text }}\nLabels:');
    assert.equal(templateOf('{{ text }}\n{{ label }}?').instruction, prompt.instruction);
  });

  it('is that of the task where it asks about no label', () => {
    const profile = profileWith({ multiLabel: true, prompt: { ...prompt, base: '{{ text }}\nTopics:' } });
    assert.deepEqual(labelsTemplate(profile), { name: '', profile, prompt: null });
  });

  it('shows the text alone where what stands above is no template, or does not show it', () => {
    assert.equal(templateOf('{% if text %}\n{{ label }}: {{ text }}{% endif %}').base, 'Text: {{ text }}\nLabels:');
    assert.equal(templateOf('Is it {{ label }}?\n{{ mail }}', 'mail').base, 'Text: {{ mail }}\nLabels:');
  });
});
