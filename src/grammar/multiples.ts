/**
 * Returns whether a number is a multiple of `step`, as both are written: 0.94 is one of 0.01, although 0.94 / 0.01 is
 * 93.99999999999999.
 * @param value a number, or its decimal digits where JavaScript has no such number
 */
export function isMultiple(value: number | string, step: number): boolean {
  const [a, b] = [decimal(value), decimal(step)];
  const exponent = Math.min(a.exponent, b.exponent);
  return (a.digits * 10n ** BigInt(a.exponent - exponent)) % (b.digits * 10n ** BigInt(b.exponent - exponent)) === 0n;
}

/** `digits` times ten to the power of `exponent`: the shortest way to write the number. */
function decimal(value: number | string): { digits: bigint; exponent: number } {
  const [mantissa = '0', exponent = '0'] = value.toString().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** The multiples of `step` from `low` to `high`, ascending; null when there are more than `most`. */
export function multiplesIn(low: number, high: number, step: number, most: number): number[] | null {
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  if (!(last - first <= most)) return null;
  const { digits, exponent } = decimal(step);
  const found = Array.from({ length: last - first + 1 }, (_, i) => Number(`${BigInt(first + i) * digits}e${exponent}`));
  return found.filter((value) => value >= low && value <= high);
}
