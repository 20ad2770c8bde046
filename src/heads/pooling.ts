/**
 * Which hidden states of a text a classifier looks at: the one at the end of the prompt, where a label would follow, or
 * that and the mean over all tokens of the text's part of the prompt, which is better where labels are topics.
 */
export const poolings = ['last', 'last+mean'] as const;
export type Pooling = (typeof poolings)[number];

/** Hidden states that go into one vector of features, one after the other. */
export function pooledParts(pooling: Pooling): number {
  return pooling === 'last' ? 1 : 2;
}

/** Positions of a text of so many tokens that have to be read. */
export function pooledPositions(pooling: Pooling, length: number): number[] {
  return pooling === 'last' ? [length - 1] : Array.from({ length }, (_, i) => i);
}

/**
 * The features of a text.
 * @param states one for each of its positions
 * @returns as many numbers as a state has, times the parts
 */
export function pooled(pooling: Pooling, states: readonly ArrayLike<number>[]): Float32Array {
  const last = states[states.length - 1] as ArrayLike<number>;
  const features = new Float32Array(last.length * pooledParts(pooling));
  features.set(Float32Array.from(last));
  if (pooling === 'last+mean') {
    for (const state of states) {
      for (let i = 0; i < last.length; i++) {
        const at = last.length + i;
        features[at] = (features[at] as number) + (state[i] as number) / states.length;
      }
    }
  }
  return features;
}

/**
 * Rows over a hidden state that together give what rows over the features give: part after part, a row a label.
 * @param prompts how many there are; the features after each stand one after the other
 */
export function rowsByPart(rows: readonly Float32Array[], pooling: Pooling, prompts: number): Float32Array[] {
  const parts = prompts * pooledParts(pooling);
  return Array.from({ length: parts }, (_, part) => part).flatMap((part) =>
    rows.map((row) => row.subarray((part * row.length) / parts, ((part + 1) * row.length) / parts)),
  );
}

/**
 * The scores that one prompt adds to the labels, from the outputs of the rows by part at each position.
 * @param outputs positions × (prompts · parts · labels)
 * @param prompt which one it is, from 0
 */
export function pooledScores(
  pooling: Pooling,
  outputs: readonly ArrayLike<number>[],
  labels: number,
  prompt: number,
): Float64Array {
  const last = outputs[outputs.length - 1] as ArrayLike<number>;
  const first = prompt * pooledParts(pooling) * labels;
  return Float64Array.from({ length: labels }, (_, label) => {
    const end = last[first + label] as number;
    if (pooling === 'last') return end;
    return end + outputs.reduce((sum, values) => sum + (values[first + labels + label] as number), 0) / outputs.length;
  });
}
