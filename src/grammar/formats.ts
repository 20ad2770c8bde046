import type { Rules } from './gbnf-writer.js';

/** The text between the quotes. Each is a subset of what ajv-formats accepts, so generated values are valid. */
export const formats: Readonly<Record<string, (rules: Rules, presume: boolean) => string>> = {
  date,
  time: (_, presume) => time(presume),
  'date-time': (rules, presume) =>
    `${rules.add('date', date(rules))} ${presume ? '"T"' : '[Tt ]'} ${rules.add('time', time(presume))}`,
  /** `P1Y2M3DT4H5M6S` or weeks, `P2W`. */
  duration: (rules) => {
    const n = rules.add('count', '[0-9]{1,4}');
    const clock = rules.add(
      'duration-time',
      `"T" (${n} "H" (${n} "M")? (${n} "S")? | ${n} "M" (${n} "S")? | ${n} "S")`,
    );
    return `"P" (${n} "Y" (${n} "M")? (${n} "D")? ${clock}? | ${n} "M" (${n} "D")? ${clock}? | ${n} "D" ${clock}? | ${clock} | ${n} "W")`;
  },
  /** Without quoted local parts and comments. */
  email,
  'idn-email': email,
  hostname: host,
  'idn-hostname': host,
  ipv4: (rules) => {
    const octet = rules.add('octet', '("25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9]? [0-9])');
    return `${octet} "." ${octet} "." ${octet} "." ${octet}`;
  },
  /** All eight groups; "::" is not used. */
  ipv6: (rules) => {
    const group = rules.add('hextet', '[0-9a-fA-F]{1,4}');
    return `${group} (":" ${group}){7}`;
  },
  uuid: (rules) => {
    const hex = rules.add('hex', '[0-9a-fA-F]');
    return `${hex}{8} "-" ${hex}{4} "-" ${hex}{4} "-" ${hex}{4} "-" ${hex}{12}`;
  },
  uri: web,
  url: web,
  iri: web,
  'uri-reference': reference,
  'iri-reference': reference,
  'uri-template': (rules) => `${web(rules)} ("/{" [a-z] [A-Za-z0-9_]{0,30} "}"){0,3}`,
  'json-pointer': pointer,
  'relative-json-pointer': (rules) => `${rules.add('steps-up', '"0" | [1-9] [0-9]?')} ("#" | ${pointer(rules)})`,
  /** Letters, digits, classes and quantifiers: expressions that are legal everywhere. */
  regex: (rules) => {
    const atom = rules.add(
      'regex-atom',
      '[A-Za-z0-9 _-] | "." | "\\\\\\\\" [dws] | "[a-z]" | "[A-Z]" | "[0-9]" | "[A-Za-z0-9]"',
    );
    return `"^"? (${atom} [*+?]?){1,40} "$"?`;
  },
};

/** Formats of which the grammar has only some texts, those that people write: not to tell which texts are valid. */
export const looseFormats: ReadonlySet<string> = new Set(
  `duration email idn-email hostname idn-hostname ipv6 uuid uri url iri uri-reference iri-reference uri-template
  json-pointer relative-json-pointer regex`.split(/\s+/),
);

/** Without quoted local parts and comments. */
function email(rules: Rules): string {
  const atom = rules.add('email-atom', '[A-Za-z0-9_+-]{1,40}');
  return `${atom} ("." ${atom}){0,3} "@" ${host(rules)}`;
}

/** An address, or a path with an optional fragment. */
function reference(rules: Rules): string {
  const part = rules.add('path-part', '[A-Za-z0-9._~-]{1,60}');
  return `(${web(rules)} | "/"? ${part} ("/" ${part}){0,8} ("#" [A-Za-z0-9_-]{1,40})?)`;
}

function pointer(rules: Rules): string {
  const step = rules.add('pointer-step', '"/" ([^~/"\\\\\\x7f\\x00-\\x1f] | "~" [01]){0,60}');
  return `${step}{0,12}`;
}

/** Real days only: no 31 April, and 29 February in leap years of the Gregorian calendar. */
function date(rules: Rules): string {
  const by4 = rules.add('multiple-of-4', '("0" [48] | [2468] [048] | [13579] [26])');
  const leap = rules.add('leap-year', `([0-9] [0-9] ${by4} | (${by4} | "00") "00")`);
  const to28 = rules.add('day-to-28', '("0" [1-9] | "1" [0-9] | "2" [0-8])');
  const monthAndDay = rules.add(
    'month-and-day',
    `("02-" ${to28} | ("0" [469] | "11") "-" (${to28} | "29" | "30") | ("0" [13578] | "1" [02]) "-" (${to28} | "29" | "3" [01]))`,
  );
  return `([0-9]{4} "-" ${monthAndDay} | ${leap} "-02-29")`;
}

/** With seconds and a time zone, as RFC 3339 has it. */
function time(presume: boolean): string {
  const hour = '([01] [0-9] | "2" [0-3])';
  const fraction = presume ? '[0-9]{1,6}' : '[0-9]+';
  const second = presume ? '[0-5] [0-9]' : '([0-5] [0-9] | "60")';
  const zone = presume ? `("Z" | [+-] ${hour} ":" [0-5] [0-9])` : `([Zz] | [+-] ${hour} (":"? [0-5] [0-9])?)`;
  return `${hour} ":" [0-5] [0-9] ":" ${second} ("." ${fraction})? ${zone}`;
}

function host(rules: Rules): string {
  const label = rules.add('host-label', '[A-Za-z0-9] ([A-Za-z0-9-]{0,30} [A-Za-z0-9])?');
  return `${label} ("." ${label}){1,4}`;
}

/** An http or https address whose host ends in letters. */
function web(rules: Rules): string {
  const label = rules.add('web-label', '[a-z0-9]{1,30} ("-" [a-z0-9]{1,30})?');
  const path = '("/" [A-Za-z0-9._~-]{0,60}){1,8} ("?" [A-Za-z0-9._~=&-]{0,100})?';
  return `"http" "s"? "://" (${label} "."){1,4} [a-z]{2,12} (":" [1-9] [0-9]{1,3})? (${path})?`;
}
