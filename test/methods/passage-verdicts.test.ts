import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passageVerdicts } from '../../src/methods/passage-verdicts/index.js';
import { answer as answerType } from '../../src/task-types/answer/index.js';
import type { AnswerOutput, InputRecord, TaskProfile } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';

const context = 'Forty people took part. Their pain was less after six weeks. None of them left.';
const record: InputRecord = {
  index: 0,
  id: 'a',
  text: 'Does it lessen pain?',
  fields: { question: 'Does it lessen pain?', context },
  added: null,
  origin: { file: '-', line: 1 },
};
const profile = {
  path: 'task.yaml',
  input: 'question',
  labels: [],
  examples: [],
  threshold: { min: 0.5, below: 'abstain' },
  options: {},
  prompt: { instruction: '', base: '{{ context }}\n{{ question }}', chat: '', use: 'base' },
} as unknown as TaskProfile;

function engineSaying(verdict: string) {
  return fakeEngine({
    score: (_, continuation) => (continuation.trim() === verdict ? -0.1 : -3),
    // Goes on with the sentence about pain.
    next: (text, token) => (text.endsWith('shows it:') && token.startsWith(' Thei') ? -0.1 : -5),
  });
}

async function verdictOf(verdict: string): Promise<AnswerOutput> {
  const predictor = await passageVerdicts.prepare({
    profile,
    engine: engineSaying(verdict),
    documents: [],
    ownDocuments: async () => [],
    cache: { get: async () => undefined, set: async () => undefined },
    onProgress: () => undefined,
  });
  const { output } = await predictor.predict({ record, text: record.text, explain: false });
  return predictor.decide(output) as AnswerOutput;
}

test('the likeliest verdict is given with the whole sentence that shows it', async () => {
  const output = await verdictOf('no');
  assert.equal(output.answer, 'no');
  assert.ok(output.score > 0.8);
  assert.equal(output.evidence?.sentence, 'Their pain was less after six weeks.');
  const { start, end } = output.evidence.span;
  assert.equal(context.slice(start, end), output.evidence.sentence);
  assert.equal(answerType.isGrounded?.(output, record, []), true);
  const moved = { ...output, evidence: { ...output.evidence, span: { start: start + 1, end } } };
  assert.equal(answerType.isGrounded?.(moved, record, []), false);
});

test('a verdict that is less likely than the threshold is none, with the reason', async () => {
  const output = await verdictOf('none of them');
  assert.equal(output.answer, null);
  assert.match(output.reason ?? '', /no verdict is sure enough: "yes" scores 0\.33, below 0\.50/u);
});

test('gold that is no verdict is refused', () => {
  const check = passageVerdicts.check?.(profile);
  assert.match(check?.({ type: 'answer', answers: ['perhaps'] }) ?? '', /"perhaps" is not one of the verdicts/u);
  assert.equal(check?.({ type: 'answer', answers: ['Yes'] }), null);
});
