import { type Evaluate, searchLine } from './line-search.js';

export interface LbfgsOptions {
  /** Converged when no component of the gradient is larger. Defaults to 1e-6. */
  readonly tolerance?: number;
  /** Defaults to 1,000. */
  readonly maxIterations?: number;
  /** Pairs of steps and gradient changes that stand for the curvature. Defaults to 10. */
  readonly memory?: number;
}

export interface LbfgsResult {
  /** The same array that was passed in, now at the minimum. */
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly evaluations: number;
  /** False when `maxIterations` came first. */
  readonly converged: boolean;
}

/** A relative decrease below this is rounding, so there is nothing left to gain (the choice of L-BFGS-B in SciPy). */
const smallestDecrease = 64 * Number.EPSILON;

/**
 * Minimises a smooth function from `x`, in place, by limited-memory BFGS with a line search for the strong Wolfe
 * conditions: J. Nocedal, S. Wright, "Numerical Optimization", 2nd edition, algorithms 7.4 (two-loop recursion)
 * and 7.5. `evaluate` returns the value and fills the gradient. No randomness: the same input gives the same bits.
 */
export function minimise(evaluate: Evaluate, x: Float64Array, options: LbfgsOptions = {}): LbfgsResult {
  const { tolerance = 1e-6, maxIterations = 1000, memory = 10 } = options;
  const gradient = new Float64Array(x.length);
  const direction = new Float64Array(x.length);
  const trial = { x: new Float64Array(x.length), gradient: new Float64Array(x.length) };
  const history: Pair[] = [];
  let value = evaluate(x, gradient);
  if (!Number.isFinite(value)) throw new Error(`the function to minimise is ${value} at the start`);
  let evaluations = 1;
  let iterations = 0;

  while (largest(gradient) > tolerance) {
    if (iterations === maxIterations) return { x, value, iterations, evaluations, converged: false };
    iterations++;
    descend(gradient, history, direction);
    const firstStep = history.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const found = searchLine({ evaluate, x, value, slope: dot(gradient, direction), direction, trial, firstStep });
    evaluations += found.evaluations;
    if (found.step === 0) {
      // Rounding hides any decrease: try along the gradient once, then there is nothing left to gain.
      if (history.length === 0) break;
      history.length = 0;
      continue;
    }
    remember(history, memory, x, gradient, trial);
    const decrease = value - found.value;
    x.set(trial.x);
    gradient.set(trial.gradient);
    const scale = Math.max(Math.abs(value), Math.abs(found.value), 1);
    value = found.value;
    if (decrease <= smallestDecrease * scale) break;
  }
  return { x, value, iterations, evaluations, converged: true };
}

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** 1 / (step · change). */
  readonly rho: number;
}

/** direction = −H · gradient by the two-loop recursion (algorithm 7.4). */
function descend(gradient: Float64Array, history: readonly Pair[], direction: Float64Array): void {
  direction.set(gradient);
  const alphas: number[] = [];
  for (let i = history.length - 1; i >= 0; i--) {
    const { step, change, rho } = history[i] as Pair;
    const alpha = rho * dot(step, direction);
    alphas[i] = alpha;
    add(direction, change, -alpha);
  }
  const last = history.at(-1);
  const scale = last === undefined ? 1 : 1 / (last.rho * dot(last.change, last.change));
  for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] as number) * -scale;
  history.forEach(({ step, change, rho }, i) => {
    // The sign is already turned, hence plus where the book has minus.
    add(direction, step, -(alphas[i] as number) - rho * dot(change, direction));
  });
}

/** Keeps the newest pair; drops it where the curvature along the step is not positive. Reuses the oldest arrays. */
function remember(
  history: Pair[],
  memory: number,
  x: Float64Array,
  gradient: Float64Array,
  to: { x: Float64Array; gradient: Float64Array },
): void {
  const oldest = history.length === memory ? history.shift() : undefined;
  const step = oldest?.step ?? new Float64Array(x.length);
  const change = oldest?.change ?? new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    step[i] = (to.x[i] as number) - (x[i] as number);
    change[i] = (to.gradient[i] as number) - (gradient[i] as number);
  }
  const curvature = dot(step, change);
  if (curvature > Number.EPSILON * dot(change, change)) history.push({ step, change, rho: 1 / curvature });
}

function dot(a: Float64Array, b: Float64Array): number {
  let even = 0;
  let odd = 0;
  const pairs = a.length & ~1;
  for (let i = 0; i < pairs; i += 2) {
    even += (a[i] as number) * (b[i] as number);
    odd += (a[i + 1] as number) * (b[i + 1] as number);
  }
  if (pairs < a.length) even += (a[pairs] as number) * (b[pairs] as number);
  return even + odd;
}

function add(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + factor * (source[i] as number);
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] as number);
    if (size > most) most = size;
  }
  return most;
}
