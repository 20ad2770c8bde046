import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { findManifest } from '../src/models/index.js';
import { loadProfile } from '../src/profile/index.js';

const root = path.resolve(import.meta.dirname, '..');
const context = { cwd: root, folders: [{ directory: path.join(root, 'tasks'), title: 'built in' }] };
const models = ['gemma-3-270m', 'smollm2-135m-instruct'].map((name) =>
  findManifest(name, { configDir: path.join(root, 'none'), builtinDir: path.join(root, 'models') }),
);

/** At least this many, says the promise of the shipped tasks. */
const least = {
  sentiment: { examples: 120, fixtures: 40 },
  ner: { examples: 300, fixtures: 40 },
  qa: { examples: 60, fixtures: 40 },
};

for (const [name, { examples, fixtures }] of Object.entries(least)) {
  describe(`the task ${name}`, () => {
    it('brings enough examples and fixtures, none of which leaks into the other', async () => {
      const profile = await loadProfile(name, context);
      assert.ok(profile.examples.length >= examples);
      assert.ok(profile.fixtures.length >= fixtures);
    });

    it('has constants for both models that fit it as it is now: else `slm tasks calibrate` was forgotten', async () => {
      const { digest } = await loadProfile(name, context);
      const constants = JSON.parse(readFileSync(path.join(root, 'tasks', name, 'calibration.json'), 'utf8')) as object;
      for (const model of models) {
        const ending = `${model?.sha256} ${digest}`;
        assert.ok(
          Object.keys(constants).some((key) => key.endsWith(ending)),
          `none for ${model?.name}`,
        );
      }
    });
  });
}
