import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plan } from '../../src/methods/passage-verdicts/candidates.js';
import { passageVerdicts } from '../../src/methods/passage-verdicts/index.js';
import { fitWeighing, weigh } from '../../src/methods/passage-verdicts/weighing.js';
import { answer as answerType } from '../../src/task-types/answer/index.js';
import type { AnswerOutput, Example, InputRecord, Prompt, TaskProfile } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { sessionWith } from '../helpers/tune-session.js';

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
  tuned: null,
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

async function verdictOf(
  verdict: string,
  task = profile,
  engine = engineSaying(verdict),
  asked = record,
): Promise<AnswerOutput> {
  const predictor = await passageVerdicts.prepare({
    profile: task,
    engine,
    documents: [],
    ownDocuments: async () => [],
    cache: { get: async () => undefined, set: async () => undefined },
    onProgress: () => undefined,
  });
  const { output } = await predictor.predict({ record: asked, text: asked.text, explain: false });
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

test('the mark of a list item says nothing about what shows a verdict, and is not part of it', async () => {
  const context = '- Forty took part.\n1. Their pain was less after six weeks.\n';
  const listed = { ...record, fields: { ...record.fields, context } };
  const output = await verdictOf('no', profile, engineSaying('no'), listed);
  assert.equal(output.evidence?.sentence, 'Their pain was less after six weeks.');
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

test('what was learned weighs the passage and the question alone, and the probabilities are its own', async () => {
  const learned = { views: ['passage', 'question'], factors: [1, -1], bias: [0, 0, 2] };
  const tuned = { ...profile, tuned: { method: 'passage-verdicts', options: {}, learned } } as unknown as TaskProfile;
  // The same is said with and without the passage, so that the bias alone is left.
  const output = await verdictOf('no', tuned);
  assert.equal(output.answer, 'maybe');
  assert.ok(Math.abs(output.score - Math.exp(2) / (2 + Math.exp(2))) < 1e-9);
});

/** Names the verdicts in the usual order. */
const named = { ...profile, prompt: { ...profile.prompt, base: '{{ context }}\n{{ question }} (yes, no or maybe):' } };

test('a verdict does not depend on the order in which the prompt names them', async () => {
  const answerFor = async (verdicts: readonly [string, string]) => {
    const base = `{{ context }}\n{{ question }} (${verdicts.join(' or ')}):`;
    const task = { ...profile, options: { verdicts }, prompt: { ...profile.prompt, base } };
    const engine = fakeEngine({
      // It favours what is named last, and "no" a little.
      score: (prompt, verdict) => {
        const order = [...prompt.slice(prompt.lastIndexOf('(')).matchAll(/yes|no/gu)].map(([word]) => word);
        return order.indexOf(verdict.trim()) + (verdict.trim() === 'no' ? 0.5 : 0);
      },
      next: () => -1,
    });
    const { answer, score } = await verdictOf('no', task, engine);
    return [answer, score.toFixed(6)];
  };
  assert.deepEqual(await answerFor(['yes', 'no']), await answerFor(['no', 'yes']));
});

test('the passage is read once for the verdict, in both orders, and for the sentence that shows it', async () => {
  const learned = { views: ['passage', 'reordered', 'question'], factors: [1, 1, 1], bias: [0, 0, 0] };
  const tuned = { ...named, tuned: { method: 'passage-verdicts', options: {}, learned } } as unknown as TaskProfile;
  const engine = engineSaying('no');
  const asked: Prompt[] = [];
  const { scoreContinuations, decode } = engine;
  const recorded = (prompt: Prompt) => {
    asked.push(prompt);
    return prompt;
  };
  engine.scoreContinuations = (prompt, words) => scoreContinuations(recorded(prompt), words);
  engine.decode = (prompt, next, options) => decode(recorded(prompt), next, options);
  await verdictOf('no', tuned, engine);
  assert.equal(asked.length, 4);
  const [alone, ...read] = asked as [Prompt, ...Prompt[]];
  assert.doesNotMatch(engine.detokenize(alone.prefix.flat()), /six weeks/u);
  for (const { prefix, input } of read) {
    // The same parts, one by one: only so they are not evaluated again.
    assert.deepEqual(prefix, read[0]?.prefix);
    assert.match(engine.detokenize(prefix.flat()), /six weeks/u);
    assert.doesNotMatch(engine.detokenize(input), /six weeks/u);
  }
  assert.deepEqual(
    read.map(({ input }) => engine.detokenize(input)),
    ['no, maybe or yes):', 'yes, no or maybe):', 'yes, no or maybe): no\nSentence of the passage that shows it:'],
  );
});

test('a fitted weighing counts what tells, and knows how common the verdicts are', () => {
  const right = Array.from({ length: 60 }, (_, i) => i % 3);
  const telling = right.map((at) => [0, 1, 2].map((v) => (v === at ? -0.2 : -3)));
  const silent = right.map((_, i) => [0, 1, 2].map((v) => -1 - ((i * 7 + v * 5) % 4) / 4));
  const rows = right.map((_, i) => [silent[i] as number[], telling[i] as number[]]);
  const weighing = fitWeighing(['passage', 'question'], rows, right);
  assert.ok((weighing.factors[1] as number) > (weighing.factors[0] as number));
  rows.forEach((row, i) => {
    const likely = weigh(row, weighing);
    assert.equal(likely.indexOf(Math.max(...likely)), right[i]);
    assert.ok(Math.abs(likely.reduce((a, b) => a + b, 0) - 1) < 1e-9);
  });
  const mostlyYes = fitWeighing(
    ['passage'],
    Array.from({ length: 20 }, () => [[-1, -1, -1]]),
    [...Array(18).fill(0), 1, 2],
  );
  assert.ok((weigh([[-1, -1, -1]], mostlyYes)[0] as number) > 0.7);
});

test('an order of the verdicts that only misleads is left out', () => {
  const right = Array.from({ length: 60 }, (_, i) => i % 2);
  const telling = right.map((at) => [0, 1].map((v) => (v === at ? -0.4 : -1.2)));
  const misleading = right.map((at) => [0, 1].map((v) => (v === at ? -1.2 : -0.4)));
  const rows = right.map((_, i) => [misleading[i] as number[], telling[i] as number[]]);
  const weighing = fitWeighing(['passage', 'reordered'], rows, right);
  assert.deepEqual(weighing.views, ['reordered']);
  assert.ok((weighing.factors[0] as number) > 1);
  assert.equal(weighing.factors.length, 1);
});

test('a tuned task gives verdicts that are less likely than not where some verdict is always right', async () => {
  // Nine of twenty are yes, seven no, four maybe, and the passages tell nothing.
  const examples = Array.from({ length: 40 }, (_, i): Example => {
    const at = (i * 7) % 20;
    const gold = at < 9 ? 'yes' : at < 16 ? 'no' : 'maybe';
    return { record: { ...record, index: i, id: `${i}` }, gold: { type: 'answer', answers: [gold] } };
  });
  const session = sessionWith({ profile, engine: engineSaying('none of them') as never });
  const planned = plan(session, examples, { words: true });
  const candidate = planned?.candidates[0];
  assert.ok(candidate !== undefined);
  const { outputs } = await candidate.heldOut(
    examples,
    Int32Array.from(examples, (_, i) => i % 5),
  );
  assert.ok(outputs.every((output) => output.type === 'answer' && output.answer === 'yes' && output.score < 0.5));
  const fitted = await candidate.finish?.(examples, { examples } as never);
  assert.ok((fitted?.threshold?.min ?? 1) < 0.45, `${fitted?.threshold?.min}`);
});

test('examples in the prompt are tried where the task has them, and they leave room for a passage', () => {
  const examplesOf = (words: number) =>
    Array.from({ length: 12 }, (_, i): Example => {
      const fields = { ...record.fields, context: `${context} ${'More pain was seen. '.repeat(words / 4)}` };
      const answers = [['yes', 'no', 'maybe'][i % 3] as string];
      return { record: { ...record, index: i, id: `${i}`, fields }, gold: { type: 'answer', answers } };
    });
  const titles = (words: number, shots: number) =>
    plan(
      sessionWith({ profile: { ...profile, options: { shots } }, engine: engineSaying('yes') as never }),
      examplesOf(words),
      { words: true },
    )
      ?.candidates.map(({ title }) => title)
      .join('; ');
  assert.match(titles(40, 3) ?? '', /0 examples.*3 examples/u);
  for (const without of [titles(40, 0), titles(400, 3)]) {
    assert.match(without ?? '', /0 examples/u);
    assert.doesNotMatch(without ?? '', /[36] examples/u);
  }
});
