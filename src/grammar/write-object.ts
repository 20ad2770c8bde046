import { mayAccept } from './acceptance.js';
import { jsonCharacters } from './characters.js';
import { alternatives, literal, repeat, sequence } from './gbnf-writer.js';
import { inside, type Place, type Writer } from './grammar-writer.js';
import { type Ending, oneOf } from './literals.js';
import { languageGrammar } from './pattern.js';
import { both, type Language, matching, without, words } from './regular.js';
import type { Schema } from './schema-node.js';
import { propertySchemas, type Shape } from './shapes.js';

/** More optional properties than this are not kept in order: a grammar has a way past each of them at each place. */
const mostOrdered = 100;
/** Up to so many required properties are forced in any order, by a rule for each set of them. */
const mostInAnyOrder = 5;

interface Member {
  readonly name: string;
  readonly value: string;
  readonly required: boolean;
}

/** The properties that an object may have. */
interface Members {
  readonly listed: readonly Member[];
  /** `"key":value` of what is not listed; null when nothing else may be there. */
  readonly other: string | null;
  readonly min: number;
  readonly max: number;
}

export function writeObject(writer: Writer, given: Shape, place: Place): string | null {
  const shape = closed(given);
  const listed: Member[] = [];
  const listedNames = namesOf(shape);
  for (const name of listedNames) {
    const required = shape.required.has(name);
    const schemas = propertySchemas(shape, name);
    const allowed = mayAccept(shape.names, name, writer.reader);
    const value = allowed ? writer.write(schemas, inside(place, name)) : null;
    if (value !== null) listed.push({ name, value, required });
    else if (required) return null;
  }
  const open = writer.presume ? writer.unlisted || isOpen(shape) : true;
  const other = open ? otherPairs(writer, shape, listedNames, place) : null;
  const members = { listed, other, min: shape.minProperties, max: shape.maxProperties };
  const body = writer.presume ? inOrder(writer, members, place) : inAnyOrder(writer, members, place);
  return body === null ? null : writer.rules.add(place.name, sequence(['"{"', body, '"}"']));
}

/** With `unevaluatedProperties` as what it comes to in one shape: the additional properties of all that is listed. */
function closed(shape: Shape): Shape {
  const { layers, otherProperties } = shape;
  if (otherProperties.length === 0 || layers.some(({ additional }) => additional !== undefined)) return shape;
  const all = layers.flatMap(({ properties }) => [...properties.keys()]);
  const patterns = layers.flatMap((layer) => layer.patterns.map(([pattern]) => [pattern, true] as const));
  const [additional] = otherProperties;
  const properties = new Map(all.map((name) => [name, true] as const));
  return { ...shape, layers: [...layers, { properties, patterns, additional }] };
}

/** In the order of the schema; what is required but not listed comes last. */
function namesOf(shape: Shape): string[] {
  const names = new Set(shape.layers.flatMap(({ properties }) => [...properties.keys()]));
  for (const name of shape.required) names.add(name);
  return [...names];
}

/** Returns whether the schema says that there is more than what it lists. */
function isOpen({ layers, required, names }: Shape): boolean {
  const listsNothing = layers.every(({ properties }) => properties.size === 0) && required.size === 0;
  return (
    (listsNothing && layers.every(({ additional }) => additional !== false)) ||
    names.length > 0 ||
    layers.some(({ additional, patterns }) => (additional !== undefined && additional !== false) || patterns.length > 0)
  );
}

// --- properties that are not listed -----------------------------------------------------------------------------

/** `"key":value` for each kind of key: those of a pattern, and all others. */
function otherPairs(writer: Writer, shape: Shape, listed: readonly string[], place: Place): string | null {
  const patterns = [...new Set(shape.layers.flatMap((layer) => layer.patterns.map(([pattern]) => pattern)))];
  const pairs: string[] = [];
  const pair = (key: string | null, schemas: readonly Schema[], name: string): void => {
    if (key === null) return;
    const value = writer.write(schemas, inside(place, name));
    if (value !== null) pairs.push(writer.rules.add(`${place.name}-pair`, sequence([key, '":"', value])));
  };
  const known = patterns.map((pattern) => matching(pattern));
  const languages = known.filter((language) => language !== null);
  if (languages.length < known.length) writer.unforced('patternProperties');
  const excluded = listed.length === 0 ? null : words(listed);
  const names = shape.names.length === 0 ? null : nameKeys(writer, shape, place);
  if (names !== null) {
    // Keys by a schema of their own: which pattern they match is for the check.
    if (patterns.length > 0) writer.unforced('patternProperties');
    pair(names.key, patterns.length > 0 ? [] : additionalSchemas(shape), 'value');
    return pairs.length === 0 ? null : alternatives(pairs);
  }
  for (const [index, pattern] of patterns.entries()) {
    const language = known[index];
    if (language === null || language === undefined) continue;
    const others = known.filter((other, i) => other !== null && i !== index && i < index) as Language[];
    const rest = both([language, ...(excluded === null ? [] : [complementOf(excluded)]), ...others.map(complementOf)]);
    if (rest === null) writer.unforced('patternProperties');
    const key = keyOf(writer, rest ?? language);
    pair(key, [...schemasOfPattern(shape, pattern)], `pattern-${index + 1}`);
  }
  const additional = additionalSchemas(shape);
  // Where a pattern could not be read, its keys come under any others.
  const schemas = languages.length < known.length ? [] : additional;
  if (!schemas.includes(false)) {
    const all = languages.length === 0 ? null : without([...languages, ...(excluded === null ? [] : [excluded])]);
    pair(languages.length === 0 || all === null ? plainKey(writer, listed) : keyOf(writer, all), schemas, 'value');
  }
  return pairs.length === 0 ? null : alternatives(pairs);
}

const complementOf = (language: Language): Language => without([language]) ?? language;

function additionalSchemas({ layers }: Shape): Schema[] {
  return layers.flatMap(({ additional }) => (additional === undefined ? [] : [additional]));
}

/** The schemas of all layers for a key that matches `pattern`, as far as they are known without the key. */
function schemasOfPattern({ layers }: Shape, pattern: string): Schema[] {
  return layers.flatMap((layer) => {
    const found = layer.patterns.filter(([other]) => other === pattern).map(([, schema]) => schema);
    if (found.length > 0 || layer.additional === undefined || layer.patterns.length > 0) return found;
    return [layer.additional];
  });
}

function keyOf(writer: Writer, language: Language): string | null {
  const body = languageGrammar(language, !writer.presume, writer.rules);
  if (body === undefined) {
    writer.unforced('patternProperties');
    return plainKey(writer, []);
  }
  return body === null ? null : sequence(['"\\""', body, '"\\""']);
}

/** Keys that `propertyNames` describes. */
function nameKeys(writer: Writer, { names }: Shape, place: Place): { key: string | null } {
  return { key: writer.write([{ type: 'string', minLength: writer.presume ? 1 : 0 }, ...names], inside(place, 'key')) };
}

const longestKey = 60;

/** A key that is not one of `names`, in the spelling of JSON.stringify. */
export function plainKey(writer: Writer, names: readonly string[]): string {
  const { rules, presume } = writer;
  const any = rules.add('key-char', presume ? `[^${unusable}]` : (jsonCharacters([[0, 0x10ffff]], true) ?? '.'));
  const rest = rules.add('key-rest', presume ? repeat(any, 0, longestKey, rules) : `${any}*`);
  if (names.length === 0) {
    const whole = presume ? repeat(any, 1, longestKey, rules) : rest;
    return rules.add('key', `"\\"" ${whole} "\\""`);
  }
  return rules.add('key', `"\\"" ${unlike(writer, names, rest)} "\\""`);
}

const unusable = '"\\\\\\x7f\\x00-\\x1f';

function unlike({ rules, presume }: Writer, names: readonly string[], rest: string): string {
  const sorted = names.map((name) => [...name]).sort((a, b) => (a.join('') < b.join('') ? -1 : 1));
  /** The characters that may follow the first `at` ones, which the names `from` to `to` share. */
  const after = (from: number, to: number, at: number): string => {
    const options: string[] = [];
    const taken: number[] = [];
    let ends = false;
    for (let start = from; start < to; ) {
      const char = sorted[start]?.[at];
      let end = start + 1;
      while (end < to && sorted[end]?.[at] === char) end++;
      if (char === undefined) ends = true;
      else {
        const code = char.codePointAt(0) ?? 0;
        taken.push(code);
        options.push(sequence([literal(JSON.stringify(char).slice(1, -1)), after(start, end, at + 1)]));
      }
      start = end;
    }
    const others = otherCharacters(taken, presume);
    if (others !== null) options.push(sequence([others, rest]));
    if (!ends && !(presume && at === 0)) options.push('');
    const all = alternatives(options);
    return at % 8 === 7 && all.length > 60 ? rules.add('key-after', all) : all;
  };
  return after(0, sorted.length, 0);
}

/** A character other than those. */
function otherCharacters(taken: readonly number[], presume: boolean): string | null {
  const gaps = [...taken].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  let next = 0;
  for (const code of gaps) {
    if (code > next) ranges.push([next, code - 1]);
    next = code + 1;
  }
  ranges.push([next, 0x10ffff]);
  return jsonCharacters(ranges, !presume);
}

// --- in order, for generating -----------------------------------------------------------------------------------

const entry = ({ name, value }: Member, comma: string): string =>
  sequence([literal(`${comma}${JSON.stringify(name)}:`), value]);

/** The listed ones in the schema's order, then others. */
function inOrder(writer: Writer, members: Members, place: Place): string | null {
  const { listed, other, min } = members;
  const { rules } = writer;
  const required = listed.filter((member) => member.required).length;
  const most = Math.min(members.max, other === null ? listed.length : Infinity);
  if (min > most || required > most) return null;
  const limit = most === Infinity ? Math.max(min, required, writer.maxArrayItems) : most;
  if (listed.length - required > mostOrdered) return required > 0 || min <= 1 ? loosely(writer, members, place) : null;
  const others = other === null || limit <= required ? null : rules.add(`${place.name}-more`, sequence(['","', other]));
  if (min <= required && limit >= listed.length) {
    const more = others === null ? '' : repeat(others, 0, limit - required, rules);
    return plainly(writer, listed, other === null ? null : sequence([other, more]), more, place);
  }
  return counted(writer, members, limit, place);
}

/** Optional ones where they stand, or left out. Before the first required one, each may be the first, without a comma. */
function plainly(writer: Writer, listed: readonly Member[], first: string | null, more: string, place: Place): string {
  const after = (index: number): string =>
    sequence([
      ...listed.slice(index).map((m) => (m.required ? entry(m, ',') : alternatives(['', entry(m, ',')]))),
      more,
    ]);
  const firstRequired = listed.findIndex((member) => member.required);
  const last = firstRequired === -1 ? listed.length - 1 : firstRequired;
  if (last === -1) return first === null ? '' : alternatives(['', first]);
  let tail = after(last + 1);
  const options: string[] = [];
  for (let index = last; index >= 0; index--) {
    const member = listed[index] as Member;
    const rest = tail.length <= 24 || index === firstRequired ? tail : writer.rules.add(`${place.name}-rest`, tail);
    options.unshift(sequence([entry(member, ''), rest]));
    if (index > 0) {
      const own = member.required ? entry(member, ',') : alternatives(['', entry(member, ',')]);
      tail = sequence([own, rest === tail && tail.length > 24 ? writer.rules.add(`${place.name}-rest`, tail) : rest]);
    }
  }
  if (firstRequired === -1) options.push(first ?? '', '');
  return alternatives(options);
}

/** With a number of properties to keep: a rule for each property and number of those before it. */
function counted(writer: Writer, { listed, other, min }: Members, limit: number, place: Place): string | null {
  const { rules } = writer;
  const made = new Map<string, string | null>();
  const from = (index: number, count: number): string | null => {
    if (count > limit) return null;
    const key = `${index} ${Math.min(count, limit)}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const member = listed[index];
    const comma = count === 0 ? '' : ',';
    let written: string | null;
    if (member === undefined) {
      const pair = other === null ? null : rules.add(`${place.name}-more`, sequence(['","', other]));
      const [least, most] = [Math.max(0, min - count), limit - count];
      if (least === 0 && (pair === null || most <= 0)) written = '';
      else if (pair === null || most < least) written = null;
      else if (count > 0) written = repeat(pair, least, most, rules);
      else {
        const all = sequence([other ?? '', repeat(pair, Math.max(0, least - 1), most - 1, rules)]);
        written = least === 0 ? alternatives(['', all]) : all;
      }
    } else {
      const after = from(index + 1, count + 1);
      const options = after === null ? [] : [sequence([entry(member, comma), after])];
      const skipped = member.required ? null : from(index + 1, count);
      if (skipped !== null) options.push(skipped);
      written = options.length === 0 ? null : alternatives(options);
    }
    const short = written === null || written.length <= 24 ? written : rules.add(`${place.name}-rest`, written);
    made.set(key, short);
    return short;
  };
  return from(0, 0);
}

/** The required ones in order, then any of the others in any order. */
function loosely(writer: Writer, { listed, other, min, max }: Members, place: Place): string | null {
  const { rules } = writer;
  const required = listed.filter((member) => member.required);
  const optional = listed.filter((member) => !member.required);
  const any = rules.add(`${place.name}-other`, anyOf(writer, optional, other, place));
  const more = rules.add(`${place.name}-more`, sequence(['","', any]));
  const most = Math.min(max, required.length + writer.maxArrayItems) - required.length;
  const first = required.map((member, index) => entry(member, index === 0 ? '' : ','));
  if (required.length > 0) return sequence([...first, repeat(more, Math.max(0, min - required.length), most, rules)]);
  const all = sequence([any, repeat(more, Math.max(0, min - 1), most - 1, rules)]);
  return min === 0 ? alternatives(['', all]) : all;
}

function anyOf(writer: Writer, members: readonly Member[], other: string | null, place: Place): string {
  const endings = members.map(({ name, value }): Ending => [`${JSON.stringify(name)}:`, value]);
  const listed = endings.length === 0 ? [] : [oneOf(endings, writer.rules, `${place.name}-name`)];
  return alternatives([...listed, ...(other === null ? [] : [other])]);
}

// --- in any order, for matching ---------------------------------------------------------------------------------

function inAnyOrder(writer: Writer, { listed, other, min, max }: Members, place: Place): string | null {
  const { rules } = writer;
  const required = listed.filter((member) => member.required);
  const optional = listed.filter((member) => !member.required);
  const most = Math.min(max, other === null ? listed.length : Infinity);
  const least = Math.max(min, required.length);
  if (least > most) return null;
  if (listed.length === 0 && other === null) return '';
  if (required.length > 0 && required.length <= mostInAnyOrder) {
    if (min > required.length || most < Infinity) writer.unforced('minProperties');
    return byRequired(writer, required, anyOf(writer, optional, other, place), place);
  }
  if (required.length > mostInAnyOrder) writer.unforced('required');
  const any = rules.add(`${place.name}-member`, anyOf(writer, listed, other, place));
  if (most === 0) return '';
  const more = rules.add(`${place.name}-more`, sequence(['","', any]));
  const all = sequence([any, repeat(more, Math.max(0, least - 1), most - 1, rules)]);
  return least === 0 ? alternatives(['', all]) : all;
}

/** A rule for each set of required ones that have been written. */
function byRequired(writer: Writer, required: readonly Member[], optional: string, place: Place): string {
  const { rules } = writer;
  const full = 2 ** required.length - 1;
  const names = Array.from({ length: full + 1 }, () => rules.reserve(`${place.name}-some`));
  const rest = optional === '' ? null : rules.add(`${place.name}-optional`, optional);
  const values = required.map((member) => {
    const written = entry(member, '');
    return written.length <= 24 ? written : rules.add(`${place.name}-${member.name}-pair`, written);
  });
  /** The members that may come next when those of `set` are there. */
  const member = (set: number): string =>
    alternatives([
      ...values.flatMap((value, index) =>
        (set & (1 << index)) === 0 ? [sequence([value, names[set | (1 << index)] ?? ''])] : [],
      ),
      ...(rest === null ? [] : [sequence([rest, names[set] ?? ''])]),
    ]);
  for (let set = 0; set <= full; set++) {
    const next = sequence(['","', member(set)]);
    if (set !== full) rules.define(names[set] ?? '', next);
    else rules.define(names[set] ?? '', rest === null ? '""' : `(${next})?`);
  }
  return member(0);
}
