import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Candidate, Fitted } from '../../src/methods/candidates/types.js';
import { generation } from '../../src/methods/constrained-generation/generation.js';
import { planFor } from '../../src/tune/plan.js';
import type { Example, GenerateOutput, ModelInfo } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { exampleWith, profileWith } from '../helpers/profiles.js';
import { sessionWith } from '../helpers/tune-session.js';

const profile = profileWith({ type: 'generate', labels: [], method: 'constrained-generation', options: {} });
const things = ['lamp', 'chair', 'table', 'clock', 'shelf'];
const examples: Example[] = Array.from({ length: 30 }, (_, i) => {
  const thing = things[i % things.length] as string;
  return exampleWith(`order ${i} of one ${thing}`, { type: 'generate', output: `${thing} please` });
});

/** Says what the last example in its prompt says; what has none in it is cut off. */
function copying(model: Partial<Pick<ModelInfo, 'format' | 'chatTemplate'>> = {}) {
  return fakeEngine({
    model,
    generate(prompt) {
      const said = /(\w+ please)(?!.*please)/su.exec(prompt)?.[1];
      return { text: said ?? '', tokens: 1, stopReason: said === undefined ? 'length' : 'end' };
    },
  });
}

async function candidatesOn(engine = copying()): Promise<Map<string, Candidate>> {
  const request = { kind: 'auto', words: true } as const;
  const { candidates: all } = await planFor(sessionWith({ profile, engine }), examples, request);
  return new Map(all.map((candidate) => [candidate.title, candidate]));
}

async function rightOf(candidate: Candidate | undefined): Promise<number> {
  const trialled = await candidate?.heldOut(examples, new Int32Array(examples.length));
  const said = trialled?.outputs.map((output) => (output as GenerateOutput).text);
  return examples.filter(({ gold }, i) => gold.type === 'generate' && gold.output === said?.[i]).length;
}

describe('ways to generate', () => {
  it('have examples that are the same for all texts, or those most like the text', async () => {
    const all = await candidatesOn();
    assert.equal(await rightOf(all.get('generation, 6 nearest examples in the prompt')), 30);
    assert.ok((await rightOf(all.get('generation, 2 examples in the prompt'))) < 15);
  });

  it('are tried in the other of chat turn and completion prompt where the model has a chat format', async () => {
    const base = await candidatesOn();
    const chatTemplate = '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}';
    const chat = await candidatesOn(copying({ format: 'chat', chatTemplate }));
    assert.deepEqual(
      [...chat.keys()].filter((title) => !base.has(title)),
      [
        'generation, 2 examples in the prompt, without the chat format',
        'generation, 3 nearest examples in the prompt, without the chat format',
      ],
    );
    const other = chat.get('generation, 2 examples in the prompt, without the chat format');
    assert.ok(other?.finish);
    const { learned } = await other.finish(examples, undefined as never);
    assert.equal(learned.use, 'base');
    const applied = generation.learns.apply({ ...profile, tuned: { file: '', digest: '', learned, numbers: null } });
    assert.equal(applied.prompt.use, 'base');
  });

  it('are compared with the output of the text most like it, without a model', async () => {
    const baseline = (await candidatesOn()).get('the output of the text most like it, no model');
    assert.equal(baseline?.finish, null);
    assert.equal(await rightOf(baseline), 30);
  });

  it('have no output where one is cut off, and go on', async () => {
    const none = (await candidatesOn()).get('generation, 0 examples in the prompt');
    assert.equal(await rightOf(none), 0);
  });

  it('are written with their examples', async () => {
    const all = await candidatesOn();
    const some = all.get('generation, 2 examples in the prompt') as Candidate;
    const shown = (fitted: Fitted | undefined) => (fitted?.learned.examples as readonly unknown[] | undefined)?.length;
    const found = await some.finish?.(examples, undefined as never);
    assert.equal(some.method, 'constrained-generation');
    assert.deepEqual([found?.options.shots, found?.options.choice, shown(found)], [2, 'first', 2]);
    // They stand in every prompt, so nothing is asked about them.
    assert.equal(some.inPrompt?.size, 2);
    const nearest = await all
      .get('generation, 3 nearest examples in the prompt')
      ?.finish?.(examples, undefined as never);
    assert.deepEqual([nearest?.options.choice, shown(nearest)], ['nearest', 30]);
  });
});
