import type { ServedTask, TaskPool } from '../app/serving/pool.js';
import type { AskedQuestion } from '../app/serving/questions.js';
import { stringifyJson } from '../json.js';
import { classified, scoreOf } from '../task-types/classify/values.js';
import { taskTypes } from '../task-types/index.js';
import { HttpError } from './errors.js';
import { predictionsFor } from './records.js';

/** Options of a question; null where the task's own labels are meant. */
export type Options = readonly { readonly name: string; readonly description: string; readonly word: string }[];

/** Probabilities by option, in the order in which the client named the options, and whether no answer was given. */
export interface Decision {
  readonly probabilities: readonly (readonly [name: string, probability: number])[];
  readonly abstained: boolean;
}

/**
 * Decides a question. A task's own labels, or some of them, are decided by the task, as it was tuned; other options by
 * the likelihood of each after the question.
 */
export async function decide(
  pool: TaskPool,
  task: ServedTask | null,
  instructions: string,
  options: Options | null,
  state: string,
  signal: AbortSignal,
): Promise<Decision> {
  if (task !== null && taskTypes[task.type].comparesLabels && (options === null || areLabelsOf(task, options))) {
    const [prediction] = await predictionsFor(pool, task, [state], signal);
    const output = classified(prediction?.output);
    if (output === null)
      throw new HttpError(422, 'invalid_request_error', prediction?.error ?? 'this text cannot be decided');
    const { scores, abstained } = output;
    const wanted = options?.map(({ name }) => name) ?? Object.keys(scores);
    const total = wanted.reduce((sum, name) => sum + scoreOf(scores, name), 0);
    const share = (name: string) => (total > 0 ? scoreOf(scores, name) / total : 1 / wanted.length);
    return { probabilities: wanted.map((name) => [name, share(name)] as const), abstained };
  }
  if (options === null) throw new HttpError(422, 'invalid_request_error', 'the question has no options');
  const question: AskedQuestion = { instructions, options };
  const found = await pool.ask(question, state, signal);
  // Nothing is known of a state without content, so that all options are equally likely.
  const known = options.some(({ name }) => (found.get(name) ?? 0) > 0);
  const probability = (name: string) => (known ? (found.get(name) ?? 0) : 1 / options.length);
  return { probabilities: options.map(({ name }) => [name, probability(name)] as const), abstained: false };
}

/** Options that are called by a number, as the levels of a score are, are not the labels of that name. */
function areLabelsOf({ labels, multiLabel }: ServedTask, options: Options): boolean {
  return !multiLabel && options.every(({ name, word }) => name === word && labels.some((label) => label.name === name));
}

/** Any JSON as text: a string as it is, numbers as they were written. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}

/** The most probable option; the first of equals. */
export function best(probabilities: Decision['probabilities']): readonly [string, number] {
  return probabilities.reduce((top, each) => (each[1] > top[1] ? each : top));
}

/** How far the most probable of n options is above chance: (max p − 1/n) / (1 − 1/n). */
export function choiceConfidence(probabilities: readonly number[]): number {
  const n = probabilities.length;
  if (n < 2) return 1;
  return Math.min(1, Math.max(0, (Math.max(...probabilities) - 1 / n) / (1 - 1 / n)));
}

/** How close the levels of a score lie together: 1 − Σ p·|i − mode| / mean |i − (n−1)/2|, not below 0. */
export function scoreConfidence(probabilities: readonly number[]): number {
  const n = probabilities.length;
  const mode = probabilities.indexOf(Math.max(...probabilities));
  const spread = probabilities.reduce((sum, p, i) => sum + p * Math.abs(i - mode), 0);
  const uniform = probabilities.reduce((sum, _, i) => sum + Math.abs(i - (n - 1) / 2), 0) / n;
  return uniform === 0 ? 1 : Math.min(1, Math.max(0, 1 - spread / uniform));
}

/** Σ i·p. */
export function expectation(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p, i) => sum + i * p, 0);
}
