import { trimSpan } from '../../spans.js';
import type { Span } from '../../types.js';
import { alternatives, literal, type Rules, sequence } from '../gbnf-writer.js';
import { oneOf } from '../literals.js';

/** A word of the text: its letters and digits, and what sticks to them. */
interface Word {
  /** Without the punctuation around it; a copy may begin and end with it. */
  readonly core: Span;
  /** Where the punctuation after it ends. A copy may end there, too: `12"`, `5 %`, `Inc.`. */
  readonly end: number;
  /** The text between the word before and this one's core, when a copy may run over it; else null. */
  readonly gap: string | null;
}

/** Wider gaps are columns of a table, and a blank line is another part of a text. */
const joining = /^(?:[ \u00a0\u202f]{1,2}|[^\S\r\n]*\r?\n[^\S\r\n]*)$/u;

/** The words of a text, divided at white space; numbers with units, dates and compounds stay whole. */
function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let before = 0;
  for (const { 0: token, index } of text.matchAll(/\S+/gu)) {
    const lead = /^[\p{P}\p{S}]*/u.exec(token)?.[0].length ?? 0;
    if (lead === token.length) continue;
    const trail = /[\p{P}\p{S}]*$/u.exec(token)?.[0].length ?? 0;
    const core = { start: index + lead, end: index + token.length - trail };
    const between = text.slice(before, core.start);
    const spaces = between.match(/\s+/gu) ?? [];
    const joins = words.length > 0 && spaces.length > 0 && spaces.every((space) => joining.test(space));
    words.push({ core, end: index + token.length, gap: joins ? between.replace(/\s+/gu, ' ') : null });
    before = index + token.length;
  }
  return words;
}

/** As it stands in a JSON string. */
const json = (text: string): string => JSON.stringify(text).slice(1, -1);

/**
 * Runs of whole words of the text, as they stand between the quotes of a JSON string; null when there are none. White
 * space between two words is one blank, a line end too. With signs before a word (`€ 5`, `(a`) a copy begins at the
 * word, or at the signs where these are of money.
 */
export function copyGrammar(text: string, rules: Rules): string | null {
  const words = wordsOf(text);
  if (words.length === 0) return null;
  let next: { readonly gap: string | null; readonly core: string; readonly rule: string } | null = null;
  const starts: [string, string][] = [];
  for (let index = words.length - 1; index >= 0; index--) {
    const { core, end, gap } = words[index] as Word;
    const trail = [...text.slice(core.end, end)].map(json);
    const on: string =
      next === null || next.gap === null ? '' : sequence([literal(json(next.gap) + next.core), next.rule]);
    const after = on === '' ? '' : alternatives(['', on]);
    // A copy may end after each sign of the trail: `Co` and `Co.` and `Co.,`.
    const body = trail.reduceRight((rest, sign) => alternatives(['', sequence([literal(sign), rest])]), after);
    const rule = body === '' ? '' : rules.add('copy-on', body);
    const word = json(text.slice(core.start, core.end));
    starts.push([word, rule]);
    const money = /\p{Sc}$/u.exec(text.slice(0, core.start))?.[0];
    if (money !== undefined) starts.push([money + word, rule]);
    next = { gap, core: word, rule };
  }
  return oneOf(starts, rules, 'copy');
}

/** Every place where `copy` stands in the text, white space aside. */
export function copiesIn(text: string, copy: string): Span[] {
  const parts = copy.split(/\s+/u).map((part) => part.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&'));
  const found = text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])${parts.join('\\s+')}(?![\\p{L}\\p{N}])`, 'gu'));
  return [...found].flatMap(({ 0: match, index }) => trimSpan(text, { start: index, end: index + match.length }) ?? []);
}
