import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openTaskFor } from '../../src/app/opening/open-cascade.js';
import { engines, serviceOf } from '../../src/engines/index.js';
import type { ServiceEngineKind, ServiceOptions } from '../../src/engines/types.js';
import { methods, withFittingMethod } from '../../src/methods/index.js';
import type { Method } from '../../src/methods/types.js';
import { sources } from '../../src/models/sources/index.js';
import { predict } from '../../src/predict.js';
import { loadProfile } from '../../src/profile/index.js';
import type { ClassifyOutput, EngineWith, TaskProfile } from '../../src/types.js';
import { profileWith } from '../helpers/profiles.js';
import { surroundingsWith } from '../helpers/surroundings.js';

/** A service that says how likely an answer is by how often its name stands in the text, plus one. */
function countingService(opened: ServiceOptions[] = []): ServiceEngineKind {
  return {
    kind: 'service',
    title: 'the counting service',
    capabilities: ['decisions'],
    problem: (address) => (/^\w+$/u.test(address) ? null : 'name one word, as in counting:words'),
    host: () => 'counting.example',
    async open(_address, options): Promise<EngineWith<'decisions'>> {
      opened.push(options);
      return {
        model: {
          name: options.reference,
          path: null,
          sha256: null,
          architecture: 'service',
          format: 'chat',
          chatTemplate: null,
          bosText: '',
          eosText: '',
          bytes: null,
          contextSize: 1000,
          vocabularySize: 0,
        },
        capabilities: ['decisions'],
        slots: 2,
        countTokens: (text) => text.length,
        hold: (work) => work(),
        beside: () => null,
        usage: () => ({ evaluatedTokens: 0, prefixTokens: 0, generatedTokens: 0, reusedTokens: 0 }),
        dispose: async () => undefined,
        async decide({ text, options: answers }) {
          const counts = answers.map(({ name }) => text.split(name).length);
          const sum = counts.reduce((a, b) => a + b, 0);
          return counts.map((count) => count / sum);
        },
      };
    },
  };
}

/** Asks an engine that decides by itself. */
const asking: Method<'decisions'> = {
  name: 'asking',
  title: 'asking',
  taskTypes: ['classify'],
  needs: ['decisions'],
  options: methods['label-likelihood'].options,
  renderer: methods['label-likelihood'].renderer,
  defaultPrompt: methods['label-likelihood'].defaultPrompt,
  vocabulary: 'whole',
  async prepare({ engine, profile }) {
    return {
      maxPieceTokens: null,
      async predict({ text }) {
        const { instruction } = profile.prompt;
        const found = await engine.decide({ instruction, text, options: profile.labels });
        const scores = Object.fromEntries(profile.labels.map(({ name }, i) => [name, found[i] as number]));
        const [best] = Object.entries(scores).sort(([, a], [, b]) => b - a);
        const output: ClassifyOutput = {
          type: 'classify',
          labels: [(best as [string, number])[0]],
          abstained: false,
          score: (best as [string, number])[1],
          scores,
        };
        return { output, explanation: [] };
      },
      decide: (output) => output,
    };
  },
};

const task = `name: fruit
description: names a fruit
type: classify
labels: [apple, pear]
`;

describe('the table of engines', () => {
  const table = { ...engines, counting: countingService() };

  it('gives a model reference to the service of its scheme, and all others to files', () => {
    assert.equal(serviceOf('counting:words', table)?.address, 'words');
    for (const file of [
      'gemma-3-270m',
      './counting:words',
      'hf:owner/repo/file.gguf',
      'C:\\models\\a.gguf',
      'llama:x',
    ]) {
      assert.equal(serviceOf(file, table), null, file);
    }
  });

  it('says what is wrong with an address', () => {
    assert.throws(() => serviceOf('counting:two words', table), {
      kind: 'usage',
      message:
        'the model "counting:two words" is no model of the counting service: name one word, as in counting:words',
    });
  });

  it('has no scheme that is a source of files', () => {
    assert.deepEqual(
      Object.keys(engines).filter((scheme) => Object.hasOwn(sources, scheme)),
      [],
    );
  });
});

describe('a task on a model behind a service', () => {
  const opened: ServiceOptions[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-engines-'));
  const file = path.join(folder, 'task.yaml');
  const env = {
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CACHE_HOME: folder,
    KEY: 'secret',
    SLM_REMOTE: '1',
  };
  const profileFrom = (text: string): Promise<TaskProfile> => {
    writeFileSync(file, text);
    return loadProfile(file, { cwd: folder, folders: [] });
  };

  before(() => {
    Object.assign(engines, { counting: countingService(opened) });
    Object.assign(methods, { asking });
  });
  after(() => {
    Reflect.deleteProperty(engines, 'counting');
    Reflect.deleteProperty(methods, 'asking');
    rmSync(folder, { recursive: true });
  });

  it('runs by the method that its engine can do, with the environment passed in', async () => {
    const surroundings = surroundingsWith({ cwd: folder, env, offline: false });
    const { task: open, close } = await openTaskFor(
      surroundings,
      await profileFrom(task),
      { model: 'counting:words' },
      'many',
      [],
    );
    async function* records() {
      const text = 'a pear, a pear and an apple';
      yield { index: 0, id: '1', text, fields: { text }, added: null, origin: { file: '-', line: 1 } };
    }
    const options = { explain: false, now: () => 0 };
    for await (const { output } of predict(open, records(), options)) {
      assert.deepEqual((output as ClassifyOutput).labels, ['pear']);
      assert.deepEqual((output as ClassifyOutput).scores, { apple: 2 / 5, pear: 3 / 5 });
    }
    await close();
    assert.equal(opened[0]?.reference, 'counting:words');
    assert.equal(opened[0]?.env.KEY, 'secret');
  });

  it('is done by a method that the engine can do where it names another, and says so', async () => {
    const notices: string[] = [];
    const { task: open, close } = await openTaskFor(
      surroundingsWith({ cwd: folder, env, offline: false, notice: (text) => notices.push(text) }),
      await profileFrom(`${task}method: label-likelihood\n`),
      { model: 'counting:words' },
      'many',
      [],
    );
    await close();
    assert.equal(open.profile.method, 'asked-labels');
    assert.deepEqual(notices, [
      'the task fruit uses the method "asked-labels" here, because counting:words cannot do "label-likelihood"',
      'texts, and the examples and labels of the task, are sent to counting.example',
    ]);
  });

  it('is refused where the engine can do no method of its type, before the service is asked', async () => {
    const before = opened.length;
    await assert.rejects(
      openTaskFor(
        surroundingsWith({ cwd: folder, env, offline: false }),
        await profileFrom('name: x\ndescription: x\ntype: generate\n'),
        { model: 'counting:words' },
        'many',
        [],
      ),
      { kind: 'usage', message: /needs generated text, .* gives only probabilities of given answers/u },
    );
    assert.equal(opened.length, before);
  });

  it('is refused until texts may leave the machine', async () => {
    await assert.rejects(
      openTaskFor(
        surroundingsWith({ cwd: folder, env: { ...env, SLM_REMOTE: '' }, offline: false }),
        await profileFrom(task),
        { model: 'counting:words' },
        'many',
        [],
      ),
      { kind: 'usage', message: '"counting:words" would send the texts to counting.example.', hint: /--remote/u },
    );
  });

  it('is refused offline', async () => {
    await assert.rejects(
      openTaskFor(
        surroundingsWith({ cwd: folder, env, offline: true }),
        await profileFrom(task),
        { model: 'counting:words' },
        'many',
        [],
      ),
      { kind: 'usage', message: /--offline/u },
    );
  });

  it('is sent nothing because a file of the project names it', async () => {
    await assert.rejects(
      openTaskFor(
        surroundingsWith({ cwd: folder, env: { ...env, XDG_CONFIG_HOME: `${folder}/none` }, offline: false }),
        await profileFrom(`${task}model: counting:words\n`),
        {},
        'many',
        [],
      ),
      { kind: 'model', message: /does not allow sending texts to the counting service/u },
    );
  });
});

describe('the method of a task on an engine', () => {
  it('stays where the engine can do it, where the task names it, and where no other can', () => {
    const table: Record<string, Method> = { 'label-likelihood': methods['label-likelihood'], asking };
    const usual = profileWith();
    assert.equal(withFittingMethod(usual, ['scores', 'decisions'], table), usual);
    assert.equal(withFittingMethod(usual, ['embeddings'], table), usual);
    const named = profileWith({ methodNamed: true });
    assert.equal(withFittingMethod(named, ['scores'], table), named);
    assert.equal(withFittingMethod(usual, ['decisions'], table).method, 'asking');
  });
});
