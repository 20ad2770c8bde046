import { runs } from '../../../scripts.js';
import type { Pair } from '../../../types.js';

/*
 * The official evaluation of SQuAD 2.0 (P. Rajpurkar, R. Jia, P. Liang, "Know What You Don't Know", ACL 2018;
 * evaluate-v2.0.py): each answer normalised, the best over the gold answers, "no answer" as the empty one.
 */

/** Lower case, without punctuation (ASCII, as Python's string.punctuation), articles and superfluous white space. */
export function normaliseAnswer(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[!-/:-@[-`{-~]/g, '')
    .replaceAll(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' ')
    .trim()
    .replaceAll(/\s+/g, ' ');
}

/** 1 when they are the same after normalising, otherwise 0. */
export function exactScore(gold: string, predicted: string): number {
  return Number(normaliseAnswer(gold) === normaliseAnswer(predicted));
}

/** F1 over the words of both, repeated ones counted as often; 1 when both are empty, 0 when one is. */
export function f1Score(gold: string, predicted: string): number {
  const wanted = tokens(gold);
  const given = tokens(predicted);
  if (wanted.length === 0 || given.length === 0) return Number(wanted.length === given.length);
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of given) {
    const count = left.get(word) ?? 0;
    if (count > 0) same++;
    left.set(word, count - 1);
  }
  if (same === 0) return 0;
  const precision = same / given.length;
  const recall = same / wanted.length;
  return (2 * precision * recall) / (precision + recall);
}

function tokens(text: string): string[] {
  const normalised = normaliseAnswer(text);
  return normalised === '' ? [] : normalised.split(' ').flatMap(characters);
}

/**
 * A script without blanks counts by characters, as in the evaluation of MLQA (P. Lewis et al., "MLQA: Evaluating
 * Cross-lingual Extractive Question Answering", ACL 2020).
 */
function characters(word: string): string[] {
  return runs(word).flatMap(({ text, isUnspaced }) => (isUnspaced ? [...text] : [text]));
}

export type AnswerScore = (gold: string, predicted: string) => number;

/** The best score over the gold answers; 0 for a failed record, which the official script would leave out. Null when the pair is no answer. */
export function bestScore({ gold, output }: Pair, score: AnswerScore): number | null {
  if (gold.type !== 'answer') return null;
  if (output?.type !== 'answer') return 0;
  const answers = gold.answers.filter((answer) => normaliseAnswer(answer) !== '');
  return Math.max(...(answers.length === 0 ? [''] : answers).map((answer) => score(answer, output.answer ?? '')));
}

/** True when the question has an answer; null when the pair is no answer. */
export function isAnswerable({ gold }: Pair): boolean | null {
  return gold.type === 'answer' ? gold.answers.length > 0 : null;
}
