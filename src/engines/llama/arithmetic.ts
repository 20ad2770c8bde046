/** Settings that decide the order of additions: with other settings, last digits differ. */
export interface Arithmetic {
  /** Tokens that are evaluated at once. */
  readonly batchSize: number;
  /** `auto` is llama.cpp's own choice. */
  readonly flashAttention: 'auto' | boolean;
}

/** The settings with which all results and calibration constants are computed. */
export const defaultArithmetic: Arithmetic = { batchSize: 128, flashAttention: 'auto' };
