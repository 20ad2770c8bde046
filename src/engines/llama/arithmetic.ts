/** What decides in which order numbers are added up: other settings, other last digits. */
export interface Arithmetic {
  /** Tokens that are evaluated at once. */
  readonly batchSize: number;
  /** `auto` is llama.cpp's own choice. */
  readonly flashAttention: 'auto' | boolean;
}

/** What results, and the constants that were fitted on them, are computed with everywhere. */
export const defaultArithmetic: Arithmetic = { batchSize: 128, flashAttention: 'auto' };
