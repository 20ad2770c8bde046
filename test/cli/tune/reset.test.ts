import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertClearError, moodTask, runSlm, tempFolder } from '../../helpers/slm.js';

/** A task of its own with settings for these models, which are not looked at here. */
function tunedTask(t: TestContext, ...models: string[]): string {
  const task = path.join(tempFolder(t), 'mood');
  cpSync(moodTask(), task, { recursive: true });
  mkdirSync(path.join(task, 'tuned'));
  for (const model of models) writeFileSync(path.join(task, 'tuned', `${model}.yaml`), '');
  return task;
}

test('a reset for a model that there is not removes nothing, and names the models that have settings', async (t) => {
  const task = tunedTask(t, 'gemma-3-270m', 'smollm2-135m-instruct');
  for (const model of ['nope', './nowhere.gguf', 'smollm2-135m-instruc']) {
    const reset = await runSlm(['tune', task, '-m', model, '--reset']);
    assertClearError(reset, 3, /no tuned settings of mood were removed: (No model|There is no file)/u);
    assert.match(reset.stderr, /It is tuned for gemma-3-270m, smollm2-135m-instruct\./u);
  }
  const none = await runSlm(['tune', tunedTask(t), '-m', 'nope', '--reset']);
  assertClearError(none, 3, /no tuned settings of mood were removed/u);
  assert.match(none.stderr, /It is tuned for no model\./u);
});

test('a reset for a model without settings is a notice; for one with settings, these go, known model or not', async (t) => {
  const task = tunedTask(t, 'gemma-3-270m', 'gone');
  const other = await runSlm(['tune', task, '-m', 'smollm2-135m-instruct', '--reset']);
  assert.equal(other.code, 0, other.stderr);
  assert.match(other.stderr, /mood was not tuned for smollm2-135m-instruct\. It is tuned for gemma-3-270m, gone\./u);
  const gone = await runSlm(['tune', task, '-m', 'gone', '--reset']);
  assert.equal(gone.code, 0, gone.stderr);
  assert.equal(existsSync(path.join(task, 'tuned', 'gone.yaml')), false);
  assert.equal(existsSync(path.join(task, 'tuned', 'gemma-3-270m.yaml')), true);
});

test('a reset names the model by its address or its file, whose settings have the name of the model', async (t) => {
  const address = 'hf:owner/repo/Tiny-Q8.gguf';
  const named = `Tiny-Q8-${createHash('sha256').update(address).digest('hex').slice(0, 8)}`;
  const task = tunedTask(t, named, 'Other');
  for (const [model, name] of [
    [address, named],
    ['./somewhere/Other.GGUF', 'Other'],
  ] as const) {
    const reset = await runSlm(['tune', task, '-m', model, '--reset']);
    assert.equal(reset.code, 0, reset.stderr);
    assert.match(reset.stderr, /removed the tuned settings of mood/u);
    assert.equal(existsSync(path.join(task, 'tuned', `${name}.yaml`)), false);
  }
});

test('a reset of settings that slm ships says that they stay in use', async (t) => {
  const reset = await runSlm(['tune', 'sentiment', '-m', 'gemma-3-270m', '--reset'], { cwd: tempFolder(t) });
  assert.equal(reset.code, 0, reset.stderr);
  assert.match(reset.stderr, /no tuned settings of yours for gemma-3-270m; those that slm ships stay in use/u);
});

test('a second model that there is not is told of before data is read or a model is loaded', async (t) => {
  const cwd = tempFolder(t);
  for (const more of [
    ['--embedder', 'nope'],
    ['--teacher', 'nope', '--unlabelled', 'texts.txt'],
  ]) {
    const args = ['tune', moodTask(), '-m', './nowhere.gguf', '--data', 'nowhere.csv', ...more];
    assertClearError(await runSlm(args, { cwd }), 3, /No model "nope"/u);
  }
});
