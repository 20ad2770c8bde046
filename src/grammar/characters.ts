import { alternatives, type CodePoints, charClass, literal } from './gbnf-writer.js';

/** Sets of code points as sorted ranges, and how they stand in a JSON string. */

export const lastCodePoint = 0x10ffff;
const surrogates: CodePoints = [0xd800, 0xdfff];
/**
 * Characters that cannot stand in a JSON string as they are. DEL is legal there but a control character all the same.
 */
const notRaw: readonly CodePoints[] = [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], [0x7f, 0x7f], surrogates];
const jsonEscapes: ReadonlyMap<number, string> = new Map(
  ['"', '\\', '\b', '\f', '\n', '\r', '\t'].map((char) => [char.charCodeAt(0), JSON.stringify(char).slice(1, -1)]),
);
/** Control characters that JSON writes as `\u00XX`; DEL stands as it is. */
const rareControls: readonly CodePoints[] = [
  [0x00, 0x07],
  [0x0b, 0x0b],
  [0x0e, 0x1f],
];
const rare = rareControls.flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, offset) => first + offset),
);

/**
 * One character out of `ranges` as it stands in a JSON string, in the spelling of JSON.stringify. Null when none can.
 * With `all`, control characters are among them; without, only where there is nothing else, since nobody wants them.
 */
export function jsonCharacters(ranges: readonly CodePoints[], all = false): string | null {
  const raw = subtract(ranges, all ? notRaw.filter(([first]) => first !== 0x7f) : notRaw);
  const escaped = [...jsonEscapes]
    .filter(([codePoint]) => contains(ranges, codePoint))
    .map(([, text]) => literal(text));
  const usual = [...(raw.length === 0 ? [] : [charClass(raw)]), ...escaped];
  if (usual.length > 0 && !all) return alternatives(usual);
  const controls = rare.filter((codePoint) => contains(ranges, codePoint));
  const spelled =
    controls.length === rare.length
      ? ['"\\\\u00" ("0" [0-7be-f] | "1" [0-9a-f])']
      : controls.map((codePoint) => literal(`\\u${codePoint.toString(16).padStart(4, '0')}`));
  if (!all && contains(ranges, 0x7f)) spelled.push('[\\x7f]');
  return usual.length + spelled.length === 0 ? null : alternatives([...usual, ...spelled]);
}

/** The JSON text of the only character of a set, or null. */
export function onlyCharacter(ranges: readonly CodePoints[]): string | null {
  const [range] = ranges;
  if (ranges.length !== 1 || range === undefined || range[0] !== range[1]) return null;
  return JSON.stringify(String.fromCodePoint(range[0])).slice(1, -1);
}

function tidy(ranges: readonly CodePoints[]): CodePoints[] {
  const result: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const previous = result.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else result.push([first, last]);
  }
  return result;
}

function complement(ranges: readonly CodePoints[]): CodePoints[] {
  const result: CodePoints[] = [];
  let next = 0;
  for (const [first, last] of tidy(ranges)) {
    if (first > next) result.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= lastCodePoint) result.push([next, lastCodePoint]);
  return result;
}

function subtract(ranges: readonly CodePoints[], without: readonly CodePoints[]): CodePoints[] {
  return complement([...complement(ranges), ...without]);
}

function contains(ranges: readonly CodePoints[], codePoint: number): boolean {
  return ranges.some(([first, last]) => first <= codePoint && codePoint <= last);
}
