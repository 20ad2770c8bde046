import { foldedWords } from '../folding.js';
import { sentences } from '../segment.js';
import { evidenceAt, ownDocument } from '../task-types/answer/evidence.js';
import { answered, answersIn, unanswered } from '../task-types/answer/values.js';
import type { AnswerOutput, Example, InputRecord, Span } from '../types.js';
import { repeatedAnswer } from './repeated-answer.js';
import type { Baseline } from './types.js';

/**
 * Answers with the sentence of `fields.context` that shares most words with the question, rare ones counting
 * more, and with "no answer" when they share too little. The share is Σ idf of the shared words over Σ idf of
 * the question's words; the threshold is its quantile among the examples at the share that has no answer.
 */
export const bestSentence: Baseline = {
  name: 'best-sentence',
  title: 'the sentence most like the question',
  taskTypes: ['answer'],
  reported: true,
  // A copied sentence is no verdict.
  suits: (examples) => repeatedAnswer(examples) === null,
  train(examples) {
    const idf = inverseFrequencies(examples.map(({ record }) => contextOf(record)));
    const overlaps = examples.map(({ record }) => findBest(record, idf)?.overlap ?? 0);
    const threshold = quantile(overlaps, unanswerableShare(examples));
    return (record) => answer(record, findBest(record, idf), threshold);
  },
};

interface Found {
  readonly span: Span;
  /** In [0, 1]. */
  readonly overlap: number;
}

function findBest(record: InputRecord, idf: (word: string) => number): Found | null {
  const context = contextOf(record);
  const question = wordSet(record.text);
  const total = sum(question, idf);
  let best: Found | null = null;
  for (const span of sentences(context)) {
    const here = wordSet(context.slice(span.start, span.end));
    const shared = new Set([...question].filter((word) => here.has(word)));
    const overlap = total === 0 ? 0 : sum(shared, idf) / total;
    if (best === null || overlap > best.overlap) best = { span, overlap };
  }
  return best;
}

function answer(record: InputRecord, found: Found | null, threshold: number): AnswerOutput {
  if (found === null) return unanswered(0, 'there is no context');
  const { span, overlap } = found;
  if (overlap < threshold) return unanswered(overlap, 'no sentence shares enough words with the question');
  const context = contextOf(record);
  const sentence = context.slice(span.start, span.end);
  const around = { text: sentence, start: span.start };
  return answered(sentence, overlap, evidenceAt(ownDocument('context', context), span, around));
}

function contextOf(record: InputRecord): string {
  const { context } = record.fields;
  return typeof context === 'string' ? context : '';
}

function wordSet(text: string): Set<string> {
  return new Set(foldedWords(text));
}

function sum(words: ReadonlySet<string>, idf: (word: string) => number): number {
  let total = 0;
  for (const word of words) total += idf(word);
  return total;
}

/** ln((1 + n) / (1 + texts with the word)) + 1, over different texts. */
function inverseFrequencies(texts: readonly string[]): (word: string) => number {
  const different = new Set(texts);
  const counts = new Map<string, number>();
  for (const text of different) {
    for (const word of wordSet(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return (word) => Math.log((1 + different.size) / (1 + (counts.get(word) ?? 0))) + 1;
}

function unanswerableShare(examples: readonly Example[]): number {
  const none = examples.filter(({ gold }) => answersIn(gold).length === 0).length;
  return examples.length === 0 ? 0 : none / examples.length;
}

/** The value below which the given share of the values lies; 0 without values. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
