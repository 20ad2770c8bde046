import type { Span } from '../../types.js';

/** A value that a text says, and where. */
export interface Said extends Span {
  /** A date as `2024-03-09`, or the decimal digits of a number: `-9007199254740993`, `12.5`. */
  readonly value: string;
}

const small = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];

/**
 * Numbers of a text. Where the signs can be read in two ways (`1.234`, `1,234`), both values are there. `1.234,56`,
 * `1,234.56`, `1 234,56` and `1'234.50` have one. The numbers up to twelve may be words. All digits are kept: account
 * numbers have more of them than JavaScript's own numbers.
 */
export function numbersIn(text: string): Said[] {
  const found: Said[] = [];
  const written = /(?<![\p{L}\p{N}.,])[-−+]?\d+(?:[.,'’\u00a0\u202f ]\d{3}(?!\d))*(?:[.,]\d+)?(?![\p{N}])/gu;
  for (const { 0: match, index } of text.matchAll(written)) {
    for (const value of readings(match)) found.push({ value, start: index, end: index + match.length });
    // "2 500" may be a number, or two that stand beside each other.
    if (!/[ \u00a0\u202f]/u.test(match)) continue;
    for (const { 0: part, index: at } of match.matchAll(/[^ \u00a0\u202f]+/gu)) {
      for (const value of readings(part)) found.push({ value, start: index + at, end: index + at + part.length });
    }
  }
  // A number with a sign or word stuck before it: x12, USD12.50. One other letter makes it a name: S10, A4.
  for (const { 0: match, index } of text.matchAll(/(?<=\p{L}{2}|(?<!\p{L})[x×])\d+(?:[.,]\d+)?(?![\p{L}\p{N}])/giu)) {
    for (const value of readings(match)) found.push({ value, start: index, end: index + match.length });
  }
  for (const { 0: match, index } of text.matchAll(/\b[a-z]+\b/giu)) {
    const value = small.indexOf(match.toLowerCase());
    if (value > 0) found.push({ value: String(value), start: index, end: index + match.length });
  }
  return found;
}

function readings(written: string): string[] {
  const text = written.replace('−', '-').replace(/['’\u00a0\u202f ]/gu, '');
  const comma = text.replaceAll('.', '').replace(',', '.');
  const point = text.replaceAll(',', '');
  const points = text.split('.').length - 1;
  const commas = text.split(',').length - 1;
  let options: string[];
  if (points > 0 && commas > 0) options = text.lastIndexOf(',') > text.lastIndexOf('.') ? [comma] : [point];
  else if (points > 1) options = [text.replaceAll('.', '')];
  else if (commas > 1) options = [point];
  else if (points === 1) options = /\.\d{3}$/u.test(text) ? [point, text.replace('.', '')] : [point];
  else if (commas === 1) options = /,\d{3}$/u.test(text) ? [point, comma] : [comma];
  else options = [text];
  // What JavaScript calls infinite, no program that reads the output could take.
  return [...new Set(options.map(decimal))].filter((digits) => Number.isFinite(Number(digits)));
}

/** The digits as JSON has them, without zeros that say nothing: `+007.50` is `7.5`. */
function decimal(written: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^([-+]?)0*(\d+)(?:\.(\d*?)0*)?$/u.exec(written) ?? [];
  const digits = fraction === '' ? whole : `${whole}.${fraction}`;
  return sign === '-' && digits !== '0' ? `-${digits}` : digits;
}

/** Names of the months in five languages, by their first letters. */
const months = [
  'jan|jän|gen|ene',
  'feb|fév|fev',
  'mar|mär|mrz',
  'apr|avr|abr',
  'may|mai|mag',
  'jun|juin|giu',
  'jul|juil|lug',
  'aug|aoû|aou|ago',
  'sep|set',
  'oct|okt|ott|out',
  'nov',
  'dec|dez|déc|dic',
];

/** Dates of a text as `2024-03-09`. `03/04/2024` is both the third of April and the fourth of March. */
export function datesIn(text: string): Said[] {
  const found: Said[] = [];
  const add = (match: RegExpExecArray, year: string, month: number, day: string): void => {
    const value = dateOf(year, month, Number(day));
    if (value !== null) found.push({ value, start: match.index, end: match.index + match[0].length });
  };
  for (const match of text.matchAll(/(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/gu)) {
    add(match, match[1] ?? '', Number(match[2]), match[3] ?? '');
  }
  for (const match of text.matchAll(/(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)/gu)) {
    add(match, match[1] ?? '', Number(match[2]), match[3] ?? '');
  }
  for (const match of text.matchAll(/(?<![\d.])(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)/gu)) {
    const [, first = '', sign, second = '', year = ''] = match;
    add(match, year, Number(second), first);
    // Only with points is the day certain to come first.
    if (sign !== '.') add(match, year, Number(first), second);
  }
  const name = `((?:${months.join('|')})\\p{L}{0,8})\\.?`;
  const day = '(\\d{1,2})(?:st|nd|rd|th|\\.|er|º)?';
  for (const match of text.matchAll(
    new RegExp(
      `(?<!\\d)${day}(?:\\s+(?:of|de))?[\\s-]+${name}(?:\\s+(?:de|del))?[,\\s-]+(\\d{4}|['’]?\\d{2})(?!\\d)`,
      'giu',
    ),
  )) {
    add(match, match[3] ?? '', monthOf(match[2] ?? ''), match[1] ?? '');
  }
  for (const match of text.matchAll(new RegExp(`(?<!\\p{L})${name}\\s+${day},?\\s+(\\d{4})(?!\\d)`, 'giu'))) {
    add(match, match[3] ?? '', monthOf(match[1] ?? ''), match[2] ?? '');
  }
  return found;
}

function monthOf(name: string): number {
  const lower = name.toLowerCase();
  return months.findIndex((month) => new RegExp(`^(?:${month})`, 'u').test(lower)) + 1;
}

function dateOf(written: string, month: number, day: number): string | null {
  const digits = written.replace(/\D/gu, '');
  const short = Number(digits);
  const year = digits.length === 4 ? short : short < 70 ? 2000 + short : 1900 + short;
  const date = new Date(0);
  // Date.UTC takes the year 12 for 1912.
  date.setUTCFullYear(year, month - 1, day);
  if (month < 1 || month > 12 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return date.toISOString().slice(0, 10);
}
