import { modelError, type SlmError } from '../../errors.js';

/** The error of a model whose outputs are no numbers: weights that are damaged, or too large for their computation. */
export function noNumbers(path: string): SlmError {
  return modelError(
    `the model ${path} gives no numbers (NaN); the file may be damaged.`,
    '`slm models verify` checks the models of the catalogue; download the file again, or try another quantisation of the model.',
  );
}

/** @throws SlmError of kind `model` unless all values are finite */
export function checkFinite<Values extends Float32Array | Float64Array>(values: Values, path: string): Values {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) throw noNumbers(path);
  return values;
}
