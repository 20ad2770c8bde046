import type { GenerateOutput, Gold, Output } from '../../types.js';

/** The right output of gold; empty where it is of another type. */
export function writtenIn(gold: Gold): string {
  return gold.type === 'generate' ? gold.output : '';
}

/** An output of this text. */
export function written(text: string): GenerateOutput {
  return { type: 'generate', text };
}

/** The output, where it is a generated one. */
export function generated(output: Output | undefined): GenerateOutput | null {
  return output?.type === 'generate' ? output : null;
}

/** The output with the JSON value of its text, where it is a generated one. */
export function withValue(output: Output): Output {
  return output.type === 'generate' ? { ...output, value: JSON.parse(output.text) } : output;
}
