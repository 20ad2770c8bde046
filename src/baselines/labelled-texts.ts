import { labelsOf } from '../task-types/classify/values.js';
import type { Example } from '../types.js';

export interface LabelledText {
  readonly text: string;
  readonly labels: readonly string[];
}

export function labelledTexts(examples: readonly Example[]): LabelledText[] {
  return examples.map(({ record, gold }) => ({ text: record.text, labels: labelsOf(gold) }));
}
