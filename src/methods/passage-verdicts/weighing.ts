import { z } from 'zod';
import { fitBlend, type Sources } from '../../linear/blend.js';
import { type DenseMatrix, denseMatrix } from '../../linear/matrix.js';
import { logSoftmax, softmax } from '../calibration.js';
import { type View, views } from './verdict-reader.js';

export const weighingShape = {
  views: z.array(z.enum(views)).min(1),
  factors: z.array(z.number()).min(1),
  bias: z.array(z.number()).min(2),
};

/** Probabilities of the verdicts: the softmax of `bias` and what follows each view, weighed by its factor. */
export interface Weighing {
  readonly views: readonly View[];
  /** One for each view. */
  readonly factors: readonly number[];
  /** One for each verdict, nats. */
  readonly bias: readonly number[];
}

/** As the model says it after the passage, on average of the orders in which the verdicts are named. */
export function plainWeighing(chosen: readonly View[], verdicts: number): Weighing {
  return { views: chosen, factors: usualFactors(chosen), bias: Array.from({ length: verdicts }, () => 0) };
}

function usualFactors(chosen: readonly View[]): number[] {
  const withPassage = chosen.filter((view) => view !== 'question').length;
  return chosen.map((view) => (view === 'question' ? 0 : 1 / withPassage));
}

/** @param scores log-probability of each verdict after each view, nats */
export function weigh(scores: readonly (readonly number[])[], { factors, bias }: Weighing): number[] {
  const logs = scores.map(logSoftmax);
  return softmax(
    bias.map((start, v) => logs.reduce((sum, row, s) => sum + (factors[s] as number) * (row[v] as number), start)),
  );
}

/**
 * Fitted by log-likelihood, drawn to what is usual. A view of the passage that would count against the verdicts which it
 * favours is left out, since that is chance; of several such ones the worst, until the others make sense.
 * @param rows scores as `weigh` takes them, of each question; there is one at least
 * @param right index of the right verdict of each
 */
export function fitWeighing(
  chosen: readonly View[],
  rows: readonly (readonly (readonly number[])[])[],
  right: readonly number[],
): Weighing {
  const verdicts = rows[0]?.[0]?.length ?? 0;
  const sources = chosen.map(
    (_, s): DenseMatrix =>
      denseMatrix(
        rows.map((scores) => logSoftmax(scores[s] as readonly number[])),
        verdicts,
      ),
  );
  const { factors, bias } = fitBlend(
    sources as unknown as Sources,
    { kind: 'single', classes: verdicts, y: Int32Array.from(right) },
    { bias: 'each', usual: usualFactors(chosen) },
  );
  const ofPassage = chosen.flatMap((view, s) => (view === 'question' ? [] : [s]));
  const worst = ofPassage.toSorted((a, b) => (factors[a] as number) - (factors[b] as number))[0];
  if (worst === undefined || ofPassage.length === 1 || (factors[worst] as number) > smallestFactor)
    return { views: chosen, factors, bias };
  const others = <T>(list: readonly T[]) => list.filter((_, s) => s !== worst);
  return fitWeighing(others(chosen), rows.map(others), right);
}

/** That of a view which says nothing. */
const smallestFactor = 0.01;
