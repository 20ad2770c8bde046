import type { GenerateOutput, Gold } from '../../types.js';

/** The right output of gold; empty where it is of another type. */
export function writtenIn(gold: Gold): string {
  return gold.type === 'generate' ? gold.output : '';
}

/** An output of this text. With `asJson`, its value comes along. */
export function written(text: string, { asJson }: { asJson: boolean }): GenerateOutput {
  return { type: 'generate', text, ...(asJson ? { value: JSON.parse(text) } : {}) };
}
