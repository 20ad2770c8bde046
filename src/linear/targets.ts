/** Labels of a teacher for rows, beyond the class that it finds most likely. */
export interface Taught {
  /** The probability of each class, rows × classes; learned in place of `y`. */
  readonly soft?: Float64Array;
  /** The weight of each row. Defaults to 1. */
  readonly counts?: Float64Array;
}

/** One class a row: its index in [0, classes). */
export interface SingleTargets extends Taught {
  readonly kind: 'single';
  readonly classes: number;
  readonly y: Int32Array;
}

/** Any number of classes a row: rows × classes, 1 where the class holds, otherwise 0. */
export interface MultiTargets extends Taught {
  readonly kind: 'multi';
  readonly classes: number;
  readonly y: Uint8Array;
}

export type Targets = SingleTargets | MultiTargets;

export function rowsOf(targets: Targets): number {
  return targets.kind === 'single' ? targets.y.length : targets.y.length / targets.classes;
}

export function selectTargets(targets: Targets, rows: ArrayLike<number>): Targets {
  const { classes } = targets;
  const taught = selectTaught(targets, rows);
  if (targets.kind === 'single') {
    const y = new Int32Array(rows.length);
    for (let i = 0; i < rows.length; i++) y[i] = targets.y[rows[i] as number] as number;
    return { kind: 'single', classes, y, ...taught };
  }
  const y = new Uint8Array(rows.length * classes);
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * classes;
    y.set(targets.y.subarray(from, from + classes), i * classes);
  }
  return { kind: 'multi', classes, y, ...taught };
}

function selectTaught({ classes, soft, counts }: Targets, rows: ArrayLike<number>): Taught {
  const chosen: { soft?: Float64Array; counts?: Float64Array } = {};
  if (soft !== undefined) {
    chosen.soft = new Float64Array(rows.length * classes);
    for (let i = 0; i < rows.length; i++) {
      const from = (rows[i] as number) * classes;
      chosen.soft.set(soft.subarray(from, from + classes), i * classes);
    }
  }
  if (counts !== undefined) chosen.counts = Float64Array.from(rows, (row) => counts[row] as number);
  return chosen;
}

/**
 * How much each decision counts in training. `balanced`: n / (k · n_c), with k the number of classes that occur
 * (G. King, L. Zeng, "Logistic Regression in Rare Events Data", 2001; as in scikit-learn), and for several labels
 * the same for each label's yes and no. A list gives the weight of each class, for several labels of its yes.
 */
export type ClassWeight = 'balanced' | readonly number[];

/** One weight a row, or for several labels one a row and class. */
export function weightsOf(targets: Targets, classWeight: ClassWeight | undefined): Float64Array {
  const weights = classWeights(targets, classWeight);
  const { counts } = targets;
  if (counts === undefined) return weights;
  const each = targets.kind === 'single' ? 1 : targets.classes;
  return weights.map((weight, at) => weight * (counts[Math.floor(at / each)] as number));
}

function classWeights(targets: Targets, classWeight: ClassWeight | undefined): Float64Array {
  const weights = new Float64Array(targets.y.length).fill(1);
  if (classWeight === undefined) return weights;
  const { y, classes } = targets;
  const rows = rowsOf(targets);
  const counts = new Float64Array(classes);
  if (targets.kind === 'single') {
    for (const c of targets.y) counts[c] = (counts[c] as number) + 1;
    const present = counts.filter((count) => count > 0).length;
    for (let i = 0; i < rows; i++) {
      const c = y[i] as number;
      weights[i] = classWeight === 'balanced' ? rows / (present * (counts[c] as number)) : (classWeight[c] ?? 1);
    }
    return weights;
  }
  y.forEach((holds, at) => {
    counts[at % classes] = (counts[at % classes] as number) + holds;
  });
  y.forEach((holds, at) => {
    const c = at % classes;
    const positive = counts[c] as number;
    if (classWeight === 'balanced') weights[at] = rows / (2 * (holds === 1 ? positive : rows - positive));
    else if (holds === 1) weights[at] = classWeight[c] ?? 1;
  });
  return weights;
}
