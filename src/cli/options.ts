import { type Command, InvalidArgumentError, Option } from 'commander';
import { defaults } from '../app/defaults.js';
import { parseShard, type Shard } from '../jobs/shard.js';

/** A whole number of at least `min`, for commander. */
export function wholeNumber(min: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < min)
      throw new InvalidArgumentError(`Expected a whole number of at least ${min}.`);
    return number;
  };
}

/** A port to listen on, for commander. */
export function port(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
  return number;
}

/** A probability, for commander. */
function probability(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !(number >= 0 && number <= 1))
    throw new InvalidArgumentError('Expected a number from 0 to 1.');
  return number;
}

/** `2/8`, for commander. */
export function shard(value: string): Shard {
  const parsed = parseShard(value);
  if (parsed === null) throw new InvalidArgumentError('Expected a part and how many there are, such as 1/8 to 8/8.');
  return parsed;
}

/** `8388608`, `512k`, `16M`, `1G` as bytes. */
export function byteSize(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kKmMgG]?)(?:i?[bB])?$/u.exec(value.trim());
  if (match === null) throw new InvalidArgumentError('Expected a size such as 512k, 16M or 1G.');
  const power = { '': 0, k: 10, m: 20, g: 30 }[(match[2] as string).toLowerCase()] as number;
  return Math.floor(Number(match[1]) * 2 ** power);
}

/** `90s`, `10m`, `1h` or a number of seconds as milliseconds. */
export function duration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|)$/u.exec(value.trim());
  const unit = { ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? '-'];
  const milliseconds = unit === undefined ? 0 : Number(match?.[1]) * unit;
  // Timers hold no more than 24 days.
  if (!(milliseconds > 0 && milliseconds < 2 ** 31))
    throw new InvalidArgumentError('Expected a time such as 90s, 10m or 1h.');
  return milliseconds;
}

/** `a,b` into a list. */
export function list(value: string): string[] {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) throw new InvalidArgumentError('Expected names with commas between them.');
  return items;
}

/** `0=negative,1=positive` into a map, over one or several uses of the option. */
export function labelMap(value: string, before: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  const map = new Map(before);
  for (const pair of value.split(',')) {
    const at = pair.lastIndexOf('=');
    if (at < 1) throw new InvalidArgumentError('Expected pairs such as 0=negative,1=positive.');
    map.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return map;
}

const namedDelimiters = new Map([
  ['tab', '\t'],
  ['\\t', '\t'],
  ['comma', ','],
  ['semicolon', ';'],
  ['pipe', '|'],
  ['colon', ':'],
  ['space', ' '],
]);

/** `;`, `tab` or `\t` as the separator between two fields. */
export function delimiter(value: string): string {
  const character = namedDelimiters.get(value.toLowerCase()) ?? value;
  if (character === '' || /["\r\n]/u.test(character) || /^[\p{L}\d\s]{2,}$/u.test(character))
    throw new InvalidArgumentError('Expected a character such as ; or one of tab, comma, semicolon and pipe.');
  return character;
}

/** An option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Options that several commands have, with the same help text everywhere. */
export const shared = {
  model: () =>
    new Option('-m, --model <model>', 'a model name, a path to a .gguf file, or a source URI').env('SLM_MODEL'),
  threads: () =>
    new Option('--threads <n>', 'threads in total (default: as many as affinity and cgroup allow)')
      .argParser(wholeNumber(1))
      .env('SLM_THREADS'),
  contextSize: () =>
    new Option('--context-size <tokens>', 'longest prompt, in tokens (default: 2048)').argParser(wholeNumber(64)),
  gpu: () =>
    new Option('--gpu [kind]', 'use a graphics card: auto, cuda, vulkan or metal')
      .choices(['auto', 'cuda', 'vulkan', 'metal'])
      .preset('auto'),
  limit: () => new Option('--limit <n>', 'stop after n records').argParser(wholeNumber(1)),
  threshold: () =>
    new Option('--threshold <p>', "withhold results that score less (default: the task's threshold)").argParser(
      probability,
    ),
  among: () =>
    new Option('--among <labels>', 'choose only among these labels of the task, separated by commas').argParser(list),
  untuned: () => new Option('--untuned', 'ignore the settings that `slm tune` has written'),
  field: () => new Option('--field <name>', 'field or column of the input (default: the task\'s own, usually "text")'),
  columns: () =>
    new Option(
      '--columns <names>',
      'names for the columns of a CSV or TSV file without a header, or of a CoNLL file',
    ).argParser(list),
  delimiter: () =>
    new Option(
      '--delimiter <char>',
      'separator of the fields of a CSV file: a character, or tab, comma, semicolon or pipe (default: detected from its first line)',
    ).argParser(delimiter),
  encoding: () =>
    new Option('--encoding <name>', 'encoding of the input, such as windows-1252 (default: detected, else UTF-8)'),
  maxRecordSize: () =>
    new Option('--max-record-size <bytes>', 'longest line or document')
      .argParser(byteSize)
      .default(defaults.maxRecordSize, '8M'),
  maxWord: () => new Option('--max-word <n>', 'longest word, in characters (default: 10000)').argParser(wholeNumber(1)),
  context: () =>
    new Option(
      '--context <file>',
      'document (text, HTML, PDF, DOCX, EPUB) or folder to answer from; may be repeated',
    ).argParser(collect),
} as const;

/** Adds the options for opening tasks that answer requests (`slm serve`, `slm mcp`). */
export function opensTasks(command: Command): Command {
  return command
    .addOption(shared.context())
    .addOption(shared.threshold())
    .addOption(shared.untuned())
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu());
}
