/** Returns the value at `x` and fills `gradient`. */
export type Evaluate = (x: Float64Array, gradient: Float64Array) => number;

export interface Line {
  readonly evaluate: Evaluate;
  /** Where the search starts, the value there and its slope along `direction` (below zero). */
  readonly x: Float64Array;
  readonly value: number;
  readonly slope: number;
  readonly direction: Float64Array;
  readonly firstStep: number;
  /** Holds the accepted point and its gradient afterwards. */
  readonly trial: { readonly x: Float64Array; readonly gradient: Float64Array };
}

export interface FoundStep {
  /** 0 when no step was found that lowers the value. */
  readonly step: number;
  readonly value: number;
  readonly evaluations: number;
}

interface Point {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

/** Sufficient decrease and curvature: the constants that Nocedal and Wright advise for quasi-Newton methods. */
const c1 = 1e-4;
const c2 = 0.9;
const maxEvaluations = 30;

/**
 * A step that meets the strong Wolfe conditions: J. Nocedal, S. Wright, "Numerical Optimization", 2nd edition,
 * algorithms 3.5 (bracket) and 3.6 (zoom), with cubic interpolation (3.59).
 */
export function searchLine(line: Line): FoundStep {
  let evaluations = 0;
  const at = (step: number): Point => {
    evaluations++;
    const { x, direction, trial } = line;
    for (let i = 0; i < x.length; i++) trial.x[i] = (x[i] as number) + step * (direction[i] as number);
    const value = line.evaluate(trial.x, trial.gradient);
    let slope = 0;
    for (let i = 0; i < x.length; i++) slope += (trial.gradient[i] as number) * (direction[i] as number);
    return { step, value, slope };
  };
  const accept = (point: Point): FoundStep => ({ step: point.step, value: point.value, evaluations });
  const start: Point = { step: 0, value: line.value, slope: line.slope };
  const tooHigh = (p: Point): boolean => !(p.value <= start.value + c1 * p.step * start.slope);
  const flat = (p: Point): boolean => Math.abs(p.slope) <= -c2 * start.slope;
  if (!(start.slope < 0)) return accept(start);

  let low = start;
  let high: Point | null = null;
  let step = line.firstStep;
  while (high === null && evaluations < maxEvaluations) {
    const point = at(step);
    if (tooHigh(point) || (low.step > 0 && point.value >= low.value)) {
      high = point;
    } else if (flat(point)) {
      return accept(point);
    } else if (point.slope >= 0) {
      high = low;
      low = point;
    } else {
      low = point;
      step *= 2;
    }
  }
  while (high !== null && evaluations < maxEvaluations) {
    const point = at(between(low, high));
    if (tooHigh(point) || point.value >= low.value) {
      high = point;
    } else {
      if (flat(point)) return accept(point);
      if (point.slope * (high.step - low.step) >= 0) high = low;
      low = point;
    }
    if (Math.abs(high.step - low.step) <= Number.EPSILON * Math.max(1, low.step)) break;
  }
  // No point meets both conditions (rounding): the best one that was seen, evaluated again for its gradient.
  return accept(low.step === 0 ? start : at(low.step));
}

/** Minimum of the cubic through both values and slopes, kept a tenth of the interval away from its ends. */
function between(a: Point, b: Point): number {
  const width = b.step - a.step;
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const root = d1 * d1 - a.slope * b.slope;
  const d2 = Math.sign(width) * Math.sqrt(root);
  const cubic = b.step - (width * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
  const margin = 0.1 * Math.abs(width);
  const from = Math.min(a.step, b.step) + margin;
  const to = Math.max(a.step, b.step) - margin;
  return Number.isFinite(cubic) ? Math.min(to, Math.max(from, cubic)) : (a.step + b.step) / 2;
}
