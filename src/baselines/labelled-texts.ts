import type { Example } from '../types.js';

export interface LabelledText {
  readonly text: string;
  readonly labels: readonly string[];
}

export function labelledTexts(examples: readonly Example[]): LabelledText[] {
  return examples.flatMap(({ record, gold }) =>
    gold.type === 'classify' ? [{ text: record.text, labels: gold.labels }] : [],
  );
}
