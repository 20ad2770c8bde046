import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openQuestions } from '../../src/app/serving/questions.js';
import { loadable } from '../helpers/loadable-model.js';
import { tempFolder } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

test('a question is answered, one that is too long is the fault of who asks, and a model that was written to of nobody who asks', async (t) => {
  const cwd = tempFolder(t);
  const model = path.join(cwd, 'bytes.gguf');
  writeFileSync(model, loadable('llama'));
  const env = { XDG_CONFIG_HOME: cwd, XDG_DATA_HOME: cwd, XDG_CACHE_HOME: cwd };
  const source = await openQuestions(surroundingsWith({ cwd, env }), { model });
  t.after(() => source.close());
  const options = ['a', 'b'].map((name) => ({ name, word: name, description: '' }));
  const ask = (instructions: string) => source.ask({ instructions, options }, 'x', new AbortController().signal);
  const tooLong = { kind: 'usage', message: /^the prompt needs \d+ tokens, the context holds \d+$/u };
  await assert.rejects(ask('Which? '.repeat(3000)), tooLong);
  await assert.rejects(ask('Which? '.repeat(3000)), tooLong);
  assert.deepEqual([...(await ask('Which?')).keys()], ['a', 'b']);
  await assert.rejects(source.ask({ instructions: 'Which?', options }, 'x', AbortSignal.abort()), {
    kind: 'interrupted',
  });
  appendFileSync(model, ' ');
  await assert.rejects(ask('Which?'), { kind: 'model', message: /was written to while it was in use/ });
});
