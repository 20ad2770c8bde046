import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { labelPrompts } from '../../src/methods/label-prompts.js';
import { promptLength } from '../../src/methods/parts.js';
import { tokenizePrompt } from '../../src/prompt.js';
import type { Token } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { profileWith } from '../helpers/profiles.js';

/** A token for each character. */
const engine = { ...fakeEngine(), tokenize: (text: string) => Array.from(text, () => 0 as Token) };
const { prompt } = profileWith();
const promptsWith = (base: string) =>
  labelPrompts(profileWith({ prompt: { ...prompt, base } }), engine, { shots: 0, choice: 'first' });

describe('room for a text', () => {
  for (const base of ['Text: {{ text }}\nLabel:', 'Text: {{ text }}\nText: {{ text }}\nLabel:']) {
    const prompts = promptsWith(base);
    const lengthWith = (characters: number) =>
      Math.max(
        ...prompts.render({ text: 'y'.repeat(characters) }).map((text) => promptLength(tokenizePrompt(engine, text))),
      );

    it(`is what leaves so many tokens after ${JSON.stringify(base)}`, () => {
      const more = 7;
      const longest = prompts.longestText(more);
      assert.ok(lengthWith(longest) + more <= engine.model.contextSize, `${longest}`);
      assert.ok(lengthWith(longest + 2) + more > engine.model.contextSize, `${longest}`);
    });
  }
});
