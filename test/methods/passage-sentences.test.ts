import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csv } from '../../src/formats/csv.js';
import { jsonl } from '../../src/formats/jsonl.js';
import { tsv } from '../../src/formats/tsv.js';
import { passageSentences } from '../../src/methods/passage-sentences/index.js';
import { isRightSentence } from '../../src/methods/passage-sentences/sentence-judge.js';
import { answer as answerType } from '../../src/task-types/answer/index.js';
import type { AnswerOutput, InputRecord, TaskProfile } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { formatOptions } from '../helpers/format-options.js';

const rules = '- Fees are due in May. 🚲 Late fees cost two euros. Nobody likes fees. Children pay no fees.';

function recordOf(context: string, question = 'What fees are there?'): InputRecord {
  return {
    index: 0,
    id: 'a',
    text: question,
    fields: { question, context },
    added: null,
    origin: { file: '-', line: 1 },
  };
}

const profileWith = (options: Record<string, unknown>, min: number) =>
  ({
    path: 'task.yaml',
    input: 'question',
    labels: [],
    examples: [],
    threshold: { min, below: 'abstain' },
    options,
    prompt: { instruction: '', base: '{{ context }}\n{{ question }}', chat: '', use: 'base' },
  }) as unknown as TaskProfile;

/** An engine that copies these sentences, one after the other, and then ends. */
function engineCopying(...order: readonly string[]) {
  return fakeEngine({
    score(prompt, continuation) {
      const copied = order.filter((sentence) => prompt.slice(prompt.indexOf('there?')).includes(sentence));
      const next = order[copied.length];
      if (continuation === '\n') return next === undefined ? -0.1 : -4;
      return next?.startsWith(continuation.trim()) === true ? -0.2 : -5;
    },
  });
}

async function answered(
  engine: ReturnType<typeof engineCopying>,
  record: InputRecord,
  options: Record<string, unknown> = {},
  min = 0.5,
): Promise<AnswerOutput> {
  const predictor = await passageSentences.prepare({
    profile: profileWith(options, min),
    engine,
    documents: [],
    ownDocuments: async () => [],
    cache: { get: async () => undefined, set: async () => undefined },
    onProgress: () => undefined,
  });
  const { output } = await predictor.predict({ record, text: record.text, explain: true });
  return predictor.decide(output) as AnswerOutput;
}

const textsOf = (output: AnswerOutput) => output.sentences?.map(({ answer }) => answer);

test('the sentence that the model is likeliest to copy is the answer, at its place', async () => {
  const record = recordOf(rules);
  const output = await answered(engineCopying('🚲 Late fees cost two euros.'), record);
  assert.equal(output.answer, '🚲 Late fees cost two euros.');
  assert.deepEqual(textsOf(output), ['🚲 Late fees cost two euros.']);
  assert.deepEqual(output.evidence?.start, { utf16: 23, codepoint: 23, byte: 23 });
  assert.equal(answerType.isGrounded?.(output, record, []), true);
  const [only] = output.sentences ?? [];
  assert.ok(only !== undefined);
  const moved = { ...only, evidence: { ...only.evidence, span: { start: 0, end: 5 } } };
  assert.equal(answerType.isGrounded?.({ ...output, sentences: [moved] }, record, []), false);
});

test('a list goes on as long as the model does, in the order of the source, and without marks of list items', async () => {
  const record = recordOf(rules);
  const order = ['Children pay no fees.', 'Fees are due in May.', 'Nobody likes fees.'];
  const output = await answered(engineCopying(...order.slice(0, 2)), record);
  assert.deepEqual(textsOf(output), ['Fees are due in May.', 'Children pay no fees.']);
  assert.equal(output.answer, 'Fees are due in May. Children pay no fees.');
  assert.equal(answerType.isGrounded?.(output, record, []), true);
  const short = await answered(engineCopying(...order), record, { sentences: 2 });
  assert.equal(short.sentences?.length, 2);
});

test('where nothing is sure enough, and where nothing is found, there is no answer and a reason', async () => {
  const low = fakeEngine({ score: (_, continuation) => (continuation === '\n' ? -0.1 : -3) });
  const output = await answered(low, recordOf(rules, 'Who likes anything?'));
  assert.equal(output.answer, null);
  assert.match(output.reason ?? '', /what was found does not answer it: ".+" scores 0\.\d\d, below 0\.50/u);
  const much = Array.from({ length: 500 }, (_, i) => `Rule ${i} says nothing.`).join(' ');
  const none = await answered(low, recordOf(much, 'Where is Quito?'));
  assert.equal(none.reason, 'no passage shares a word with the question');
});

test('sentences of a script without blanks are put together without any', async () => {
  const engine = fakeEngine({ score: (_, continuation) => (continuation === '\n' ? -4 : -1) });
  const output = await answered(engine, recordOf('茶馆九点开门。茶馆十点关门。', '茶馆几点开门？'), {}, 0);
  assert.equal(output.answer, '茶馆九点开门。茶馆十点关门。');
});

test('every format has each sentence with its place', async () => {
  const record = recordOf(rules);
  const output = await answered(engineCopying('Children pay no fees.', 'Fees are due in May.'), record);
  const prediction = { record, output } as never;
  const options = formatOptions({ taskType: 'answer', properties: passageSentences.columns ?? [] });
  const sentences = [
    { text: 'Fees are due in May.', start: 2, end: 22, source: 'context', line: 1 },
    { text: 'Children pay no fees.', start: 70, end: 91, source: 'context', line: 1 },
  ];
  const object = JSON.parse(jsonl.prediction(prediction, options));
  assert.deepEqual(object.sentences, sentences);
  assert.deepEqual([object.start, object.end, object.sentence], [70, 91, 'Children pay no fees.']);
  assert.match(csv.start(options), /reason,sentences,error\n$/u);
  assert.ok(csv.prediction(prediction, options).includes(JSON.stringify(sentences).replaceAll('"', '""')));
  const lines = tsv.prediction(prediction, options).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) =>
      line
        .split('\t')
        .filter((_, i) => i !== 1)
        .slice(0, 5),
    ),
    [
      ['Fees are due in May.', 'context', '1', '2', '22'],
      ['Children pay no fees.', 'context', '1', '70', '91'],
    ],
  );
});

test('a sentence is right that has an accepted answer, is one, or is a part of one', () => {
  assert.ok(isRightSentence('Late fees cost two euros.', ['two euros']));
  assert.ok(isRightSentence('Late fees cost two euros.', ['Fees are due in May. Late fees cost two euros.']));
  assert.ok(!isRightSentence('Nobody likes fees.', ['two euros']));
  assert.ok(!isRightSentence('Nobody likes fees.', []));
});
