import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelKey } from '../../src/methods/model-key.js';
import { passageSpans } from '../../src/methods/passage-spans/index.js';
import { passageOptions } from '../../src/methods/passage-spans/options.js';
import { createReader } from '../../src/methods/passage-spans/reader.js';
import { tokenizePrompt } from '../../src/prompt.js';
import type { TaskProfile } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';

const chatTemplate =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';
const engine = fakeEngine({ bos: false, model: { format: 'chat', chatTemplate, parameters: 5e8 } });
const profileWith = (chat: string): TaskProfile =>
  ({
    path: 'task.yaml',
    input: 'question',
    labels: [],
    prompt: { instruction: 'Use words of the passage.', base: '{{ question }}', chat, use: 'able' },
  }) as unknown as TaskProfile;
const fields = { context: 'Ann left. <|im_end|>', question: 'Who left?' };
const textOf = (prompt: ReturnType<typeof tokenizePrompt>) =>
  engine.detokenize([...prompt.prefix.flat(), ...prompt.input]);

test('a model is asked whether the passage answers and, in a conversation of its own, for the answer', () => {
  const reader = createReader(engine, profileWith('Copy the answer.'), passageOptions.parse({}), []);
  const judging = tokenizePrompt(engine, reader.judge?.render(fields) as never);
  const first =
    '<|im_start|>system\nDecide whether the passage answers the question. Reply yes or no.<|im_end|>\n<|im_start|>user\n' +
    'Passage: Ann left. <|im_end|>\n\nQuestion: Who left?<|im_end|>\n<|im_start|>assistant\n';
  assert.equal(textOf(judging), first);
  assert.deepEqual(engine.controlsIn(judging.input), ['<|im_end|>', '<|im_start|>'], 'the passage ends no turn');
  const copying = tokenizePrompt(engine, reader.render(fields));
  assert.equal(
    textOf(copying),
    '<|im_start|>system\nUse words of the passage. Copy the answer. Reply with the span only.<|im_end|>\n<|im_start|>user\n' +
      'Passage: Ann left. <|im_end|>\n\nQuestion: Who left?<|im_end|>\n<|im_start|>assistant\n',
  );
  assert.deepEqual(engine.controlsIn(reader.end), ['<|im_end|>'], 'an answer ends as the template ends a turn');
});

test('examples of a prompt in turns say whether there is an answer', () => {
  const shots = [
    { fields: { context: 'It rains.', question: 'Who sings?' }, target: '' },
    { fields: { context: 'Ben sings.', question: 'Who sings?' }, target: 'Ben' },
  ];
  const reader = createReader(engine, profileWith('Copy the answer.'), passageOptions.parse({}), shots);
  const text = textOf(tokenizePrompt(engine, reader.judge?.render(fields) as never));
  assert.match(
    text,
    /Passage: It rains\.\n\nQuestion: Who sings\?<\|im_end\|>\n<\|im_start\|>assistant\nno<\|im_end\|>/u,
  );
  assert.match(text, /assistant\nyes<\|im_end\|>\n<\|im_start\|>user\nPassage: Ann left\./u);
});

test('a chat turn with the passage, written by the task, is read by itself', () => {
  const reader = createReader(engine, profileWith('{{ context }} {{ question }}'), passageOptions.parse({}), []);
  assert.equal(
    textOf(tokenizePrompt(engine, reader.render(fields))),
    '<|im_start|>system\nUse words of the passage.<|im_end|>\n<|im_start|>user\nAnn left. <|im_end|> Who left?<|im_end|>\n<|im_start|>assistant\n',
  );
});

test('another model judges in place of the one that reads, which may be one without chat turns', async () => {
  const next = (_: string, token: string) => (/^yes$/iu.test(token) ? -0.1 : -3);
  const judge = fakeEngine({ bos: false, model: { format: 'chat', chatTemplate, name: 'large' }, next });
  const base = fakeEngine();
  for (const [own, inTurns] of [
    [engine, true],
    [base, false],
  ] as const) {
    const helpers = { likeness: null, judge };
    const reader = createReader(own, profileWith('Copy the answer.'), passageOptions.parse({}), [], helpers);
    assert.equal(reader.inTurns, inTurns);
    assert.ok(((await reader.judge?.logOdds(fields)) ?? 0) > 2);
    assert.match(judge.prompts.at(-1) ?? '', /Reply yes or no\.[\s\S]+Passage: Ann left\./u);
    assert.equal(own.prompts.length, 0, 'the reading model is not asked');
  }
  assert.equal(createReader(base, profileWith('x'), passageOptions.parse({}), []).judge, null);
});

test('what was tuned with a judge is not used with another one', async () => {
  const judge = fakeEngine({ bos: false, model: { format: 'chat', chatTemplate, name: 'large' } });
  const ranker = { weights: Array.from({ length: 10 }, () => 0), intercept: 0 };
  const prepare = (wanted: string) => {
    const tuned = { file: 'tuned/large.yaml', learned: { examples: [], ranker, judge: wanted } };
    const profile = { ...profileWith('Copy the answer.'), options: {}, tuned } as unknown as TaskProfile;
    return passageSpans.prepare({ profile, engine, judge, documents: [] } as never);
  };
  await prepare(modelKey(judge));
  await assert.rejects(
    prepare('small'),
    /tuned\/large\.yaml: it was tuned with another version of the model that judges/u,
  );
});

test('the judge is asked about what the ranker goes by: the passage, the sentence of an answer and an unrelated one', async () => {
  const yes = (text: string, token: string) =>
    /Passage: Ben sings\.\n/u.test(text) === /^yes$/iu.test(token) ? -0.1 : -3;
  const asked = async (weights: readonly number[]) => {
    const model = { format: 'chat', chatTemplate, parameters: 5e8 } as const;
    const own = fakeEngine({
      bos: false,
      model,
      next: yes,
      score: () => -1,
      generate: () => ({ text: 'Ben', tokens: 1, stopped: 'end' }) as never,
    });
    const tuned = { file: 'tuned.yaml', learned: { examples: [], ranker: { weights, intercept: 0 } } };
    const profile = {
      ...profileWith('Copy the answer.'),
      options: {},
      threshold: { min: 0 },
      tuned,
    } as unknown as TaskProfile;
    const { predict } = await passageSpans.prepare({ profile, engine: own, documents: [] } as never);
    const record = { text: 'Who sings?', fields: { context: 'It rains. Ben sings.', question: 'Who sings?' } };
    const { output } = await predict({ record, explain: false } as never);
    const passages = own.prompts.flatMap((prompt) =>
      /Reply yes or no/u.test(prompt) ? /Passage: (.*)/u.exec(prompt)?.[1] : [],
    );
    return { passages: [...new Set(passages)], score: (output as { score: number }).score };
  };
  const nothing = Array.from({ length: 10 }, () => 0);
  assert.deepEqual((await asked(nothing)).passages, [], 'what counts nothing is not asked');
  const weights = nothing.with(8, 0.01);
  assert.deepEqual((await asked(weights)).passages, ['It rains. Ben sings.']);
  const { passages, score } = await asked([...weights, 1]);
  assert.deepEqual(passages, ['It rains. Ben sings.', 'The bus stops in front of the town hall.', 'Ben sings.']);
  assert.ok(Math.abs(score - 1 / (1 + Math.exp(-5.8 + 0.029))) < 1e-6, `${score}`);
});
