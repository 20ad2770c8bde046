import { alternatives, sequence } from './gbnf-writer.js';

export interface NumberRange {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly integer: boolean;
  /** Digits after the point, at most. */
  readonly fractionDigits?: number;
  /** Whether an integer, with `any`, has neither point nor exponent. */
  readonly digitsAlone?: boolean;
  /** Whether an integer may be written with zeros after the point, or a bounded number with any number of digits. */
  readonly any?: boolean;
}

/** Digits before the point, at most: a small model that starts a number may not find the end of it. */
const integerDigits = 16;
/** Digits after the point, at most: what a double can tell apart beside one digit before the point. */
const fractionDigits = 15;

/**
 * The decimal numbers in a range, exactly. With a bound, numbers are written without an exponent; without one, an
 * exponent has at most two digits. Null when the range is empty.
 */
export function numberGrammar(range: NumberRange): string | null {
  const low = tighter(range.minimum, range.exclusiveMinimum, range.integer ? integerAbove : null, Math.max);
  const high = tighter(range.maximum, range.exclusiveMaximum, range.integer ? integerBelow : null, Math.min);
  if (low !== null && high !== null) {
    if (low.value > high.value || (low.value === high.value && (low.exclusive || high.exclusive))) return null;
  }
  const digits = Math.min(fractionDigits, range.integer ? 0 : (range.fractionDigits ?? fractionDigits));
  if (low === null && high === null) {
    if (range.any === true) return range.digitsAlone === true ? wholeNumber : anyNumber(digits);
    if (digits === 0) return `("0" | "-"? [1-9] [0-9]{0,${integerDigits - 1}})`;
    const exponent = range.fractionDigits === undefined ? ' ([eE] [-+]? [0-9]{1,2})?' : '';
    return `"-"? ("0" | [1-9] [0-9]{0,${integerDigits - 1}}) ("." [0-9]{1,${digits}})?${exponent}`;
  }
  const options: string[] = [];
  if (low === null || low.value < 0) {
    // The part below zero, mirrored; "-0" is left out.
    const nearest = high !== null && high.value < 0 ? mirrored(high) : { value: 0, exclusive: true };
    const negative = magnitudes(nearest, low === null ? null : mirrored(low), digits);
    if (negative !== '') options.push(sequence(['"-"', negative]));
  }
  if (high === null || high.value >= 0) {
    const nearest = low !== null && low.value > 0 ? low : { value: 0, exclusive: low?.value === 0 && low.exclusive };
    const positive = magnitudes(nearest, high, digits);
    if (positive !== '') options.push(positive);
  }
  return options.length === 0 ? null : alternatives(options);
}

const wholeNumber = '"-"? ("0" | [1-9] [0-9]*)';

/** As JSON.stringify writes them: integers of any length up to 1e21, and all numbers with an exponent beyond. */
function anyNumber(fraction: number): string {
  const whole = wholeNumber;
  const large = '[eE] "+"? [0-9]{1,3}';
  if (fraction === 0) return `${whole} ("." "0"+)? (${large})?`;
  if (fraction < fractionDigits) return `${whole} ("." [0-9]{1,${fraction}} "0"*)? (${large})?`;
  return `${whole} ("." [0-9]+)? ([eE] [-+]? [0-9]{1,3})?`;
}

interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

const integerAbove = (bound: number, exclusive: boolean): number =>
  exclusive ? Math.floor(bound) + 1 : Math.ceil(bound);
const integerBelow = (bound: number, exclusive: boolean): number =>
  exclusive ? Math.ceil(bound) - 1 : Math.floor(bound);

function tighter(
  inclusive: number | undefined,
  exclusive: number | undefined,
  toInteger: ((bound: number, exclusive: boolean) => number) | null,
  pick: (a: number, b: number) => number,
): Bound | null {
  if (inclusive === undefined && exclusive === undefined) return null;
  if (toInteger !== null) {
    const bounds = [
      ...(inclusive === undefined ? [] : [toInteger(inclusive, false)]),
      ...(exclusive === undefined ? [] : [toInteger(exclusive, true)]),
    ];
    return { value: bounds.reduce((a, b) => pick(a, b)), exclusive: false };
  }
  if (inclusive === undefined) return { value: exclusive ?? 0, exclusive: true };
  if (exclusive === undefined) return { value: inclusive, exclusive: false };
  return inclusive !== exclusive && pick(inclusive, exclusive) === inclusive
    ? { value: inclusive, exclusive: false }
    : { value: exclusive, exclusive: true };
}

const mirrored = (bound: Bound): Bound => ({ value: -bound.value, exclusive: bound.exclusive });

/** The numbers from `low` to `high`, neither negative; empty when there is none. */
function magnitudes(low: Bound, high: Bound | null, fraction: number): string {
  const lowDigits = decimal(low.value);
  const highDigits = high === null ? null : decimal(high.value);
  const shortest = lowDigits.integer.length;
  const longest = Math.min(integerDigits, highDigits?.integer.length ?? integerDigits);
  const options: string[] = [];
  const free: number[] = [];
  for (let length = shortest; length <= longest; length++) {
    const asLow = length === shortest;
    const asHigh = length === highDigits?.integer.length;
    if (!asLow && !asHigh) {
      free.push(length);
      continue;
    }
    options.push(
      ...ofLength(
        length,
        asLow ? { ...lowDigits, exclusive: low.exclusive } : null,
        asHigh && highDigits !== null ? { ...highDigits, exclusive: high?.exclusive === true } : null,
        fraction,
      ),
    );
  }
  const [first, last] = [free[0], free.at(-1)];
  if (first !== undefined && last !== undefined) {
    options.push(sequence(['[1-9]', digitRun(first - 1, last - 1), alternatives(['', ...pointAndAny(fraction)])]));
  }
  return alternatives(options);
}

interface Limit {
  readonly integer: string;
  readonly fraction: string;
  readonly exclusive: boolean;
}

/**
 * Numbers with exactly `length` digits before the point, from `low` to `high`; a missing limit has another number of
 * digits and so does not bind. Walks the digits of both limits side by side: as long as the number equals a limit
 * so far (`onLow`, `onHigh`), its next digit is bound by it.
 */
function ofLength(length: number, low: Limit | null, high: Limit | null, fraction: number): string[] {
  const width = length + Math.max(low?.fraction.length ?? 0, high?.fraction.length ?? 0);
  const lowDigits = low === null ? '' : (low.integer + low.fraction).padEnd(width, '0');
  const highDigits = high === null ? '' : (high.integer + high.fraction).padEnd(width, '0');
  // With an upper limit, only as many digits as a double holds, lest 0.99999999999999999 be read as 1.
  const room = Math.max(high === null ? fraction : Math.min(fraction, Math.max(1, 15 - length)), width - length);
  const most = length + Math.min(room, fraction);

  const mayEnd = (at: number, onLow: boolean, onHigh: boolean): boolean => {
    const above = !onLow || (/^0*$/.test(lowDigits.slice(at)) && low?.exclusive === false);
    const below = !onHigh || /[1-9]/.test(highDigits.slice(at)) || high?.exclusive === false;
    return above && below;
  };
  /** The digits that may follow the first `at` digits. */
  const rest = (at: number, onLow: boolean, onHigh: boolean): string[] => {
    if (at < length) return digit(at, onLow, onHigh);
    const ends = mayEnd(at, onLow, onHigh) ? [''] : [];
    if (at === length) {
      const decimals = fraction === 0 ? [] : digit(at, onLow, onHigh);
      return [...ends, ...(decimals.length === 0 ? [] : [sequence(['"."', alternatives(decimals)])])];
    }
    return [...ends, ...digit(at, onLow, onHigh)];
  };
  const digit = (at: number, onLow: boolean, onHigh: boolean): string[] => {
    if (at >= most) return [];
    if (!onLow && !onHigh) return at < length ? [anyRest(at)] : [digitRun(1, most - at)];
    if (onLow && !onHigh && at >= width && at >= length && low?.exclusive === false) return [digitRun(1, most - at)];
    // Past the digits of the upper limit, more of them would exceed it or change nothing.
    if (onHigh && at >= width && at > length) return [];
    const from = onLow ? Number(lowDigits[at] ?? '0') : at === 0 && length > 1 ? 1 : 0;
    const to = onHigh ? Number(highDigits[at] ?? '0') : 9;
    const options: string[] = [];
    const add = (first: number, last: number, stillLow: boolean, stillHigh: boolean): void => {
      if (first > last) return;
      const following = rest(at + 1, stillLow, stillHigh);
      if (following.length === 0) return;
      const range = first === last ? `"${first}"` : `[${first}-${last}]`;
      options.push(sequence([range, alternatives(following)]));
    };
    if (onLow && onHigh && from === to) {
      add(from, to, true, true);
    } else {
      if (onLow) add(from, from, true, false);
      add(onLow ? from + 1 : from, onHigh ? to - 1 : to, false, false);
      if (onHigh) add(to, to, false, true);
    }
    return options;
  };
  const anyRest = (at: number): string =>
    sequence([digitRun(length - at, length - at), alternatives(['', ...pointAndAny(most - length)])]);

  return digit(0, low !== null, high !== null);
}

function pointAndAny(most: number): string[] {
  return most === 0 ? [] : [sequence(['"."', digitRun(1, most)])];
}

function digitRun(min: number, max: number): string {
  if (max <= 0) return '';
  if (max === 1) return min === 1 ? '[0-9]' : '[0-9]?';
  return min === max ? `[0-9]{${max}}` : `[0-9]{${min},${max}}`;
}

/** The digits of a number ≥ 0 before and after the point, without an exponent. */
function decimal(value: number): { integer: string; fraction: string } {
  const [mantissa = '0', exponentText = '0'] = String(value).split('e');
  const [integer = '0', fraction = ''] = mantissa.split('.');
  const exponent = Number(exponentText);
  const digits = integer + fraction;
  const point = integer.length + exponent;
  if (point <= 0) return { integer: '0', fraction: '0'.repeat(-point) + digits };
  if (point >= digits.length) return { integer: digits.padEnd(point, '0'), fraction: '' };
  return { integer: digits.slice(0, point), fraction: digits.slice(point) };
}
