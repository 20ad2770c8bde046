import { renderChat, type Turn } from './chat-template.js';
import { messageOf, modelError, usageError } from './errors.js';
import { textOf } from './json.js';
import { onceEach } from './lazy.js';
import { type CompiledTemplate, compileTemplate } from './template.js';
import type { Label, ModelInfo, Prompt, TaskProfile, Token, Tokenizer } from './types.js';

/** A stretch of a prompt. Data comes from the user: no control token in it acts. */
export interface Segment {
  readonly text: string;
  /** Name of the field that a stretch of data comes from; null for what the profile or the model's template says. */
  readonly field: string | null;
}

/** An example with what the model should have said. */
export interface FewShotExample {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly target: string;
}

/** A prompt in words: what is shared by all records, and what this record adds. */
export interface PromptText {
  readonly prefix: readonly Segment[];
  readonly input: readonly Segment[];
  /** Goes before whatever the model is scored on or generates: a space after a base prompt, nothing in a chat turn. */
  readonly separator: '' | ' ';
}

export interface PromptOptions {
  readonly shots: readonly FewShotExample[];
  /** Keeps line breaks of the data. Otherwise runs of white space become one space, so that data cannot mimic the template. */
  readonly keepLines?: boolean;
}

/** The properties of a model that a prompt depends on. */
export type PromptModel = Pick<ModelInfo, 'format' | 'chatTemplate' | 'bosText' | 'eosText' | 'parameters'>;

export type PromptRenderer = (fields: Readonly<Record<string, unknown>>) => PromptText;

/** Where a field's value goes; two characters of the private use area that no real text has beside a number. */
const mark = (index: number) => `\u{F0000}${index}\u{F0001}`;
const marks = /\u{F0000}(\d+)\u{F0001}/gu;

/**
 * Compiles a profile's templates for a model. The templates never see the data itself, only marks in its place:
 * so the data cannot act in the template language, and is tokenised as plain text later.
 */
export function compilePrompt(profile: TaskProfile, model: PromptModel, options: PromptOptions): PromptRenderer {
  const chat = usesChat(profile, model);
  const whole = chat ? chatTemplateOf(profile, model, options) : baseTemplateOf(profile, options);
  const cache = new Map<string, readonly Segment[]>();
  return (fields) => {
    const present = presentIn(fields);
    const key = present.join('\u0000');
    let segments = cache.get(key);
    if (segments === undefined) {
      segments = whole(present);
      cache.set(key, segments);
    }
    return fill(segments, fields, options.keepLines ?? false, chat ? '' : ' ');
  };
}

export function usesChat(profile: TaskProfile, model: PromptModel): boolean {
  if (profile.prompt.use === 'auto') return model.format === 'chat';
  if (profile.prompt.use === 'able') return model.format === 'chat' && (model.parameters ?? 0) >= ableParameters;
  if (profile.prompt.use === 'chat' && model.chatTemplate === null) {
    throw usageError(
      `${profile.path}: prompt.use is "chat", but the model has no chat template.`,
      'Use "auto" or "base", or choose a chat model with -m.',
    );
  }
  return profile.prompt.use === 'chat';
}

/** Smaller models do not do what a chat turn asks of them (docs/methods.md). */
const ableParameters = 0.4e9;

/** Tokens of some segments. Data is tokenised as plain text, apart from its surroundings. */
export function tokenizeSegments(engine: Pick<Tokenizer, 'tokenize'>, segments: readonly Segment[]): Token[] {
  return mergeSegments(segments).flatMap((segment) =>
    engine.tokenize(segment.text, { special: segment.field === null }),
  );
}

/** The tokens of a prompt; the prefix begins with what the model wants every prompt to begin with. */
export function tokenizePrompt(engine: Pick<Tokenizer, 'tokenize' | 'bos'>, text: PromptText): Prompt {
  return { prefix: [tokenizePrefix(engine, text.prefix)], input: tokenizeSegments(engine, text.input) };
}

/**
 * The tokens of the shared prefix, with the BOS token where the model has one and the template did not write it.
 * Those of the last prefixes are kept: each record has the same, and 16 examples are 50 stretches, 5 ms.
 */
export function tokenizePrefix(
  engine: Pick<Tokenizer, 'tokenize' | 'bos'>,
  prefix: readonly Segment[],
): readonly Token[] {
  const known = knownPrefixes(engine);
  const key = JSON.stringify(prefix.map(({ text, field }) => [text, field === null]));
  const tokens = known.get(key) ?? withBos(engine.bos, tokenizeSegments(engine, prefix));
  known.delete(key);
  known.set(key, tokens);
  if (known.size > keptPrefixes) known.delete(known.keys().next().value as string);
  return tokens;
}

const keptPrefixes = 8;
/** Prefixes by engine; the most recently used one is last. */
const knownPrefixes = onceEach((_engine: object) => new Map<string, readonly Token[]>());

function withBos([bos]: readonly Token[], tokens: Token[]): Token[] {
  return bos === undefined || tokens[0] === bos ? tokens : [bos, ...tokens];
}

/** Fields that have a value: the others do not exist for a template. */
function presentIn(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(fields).filter((name) => fieldText(fields[name], true) !== '');
}

/** The value of a field as the model reads it. */
export function fieldText(value: unknown, keepLines: boolean): string {
  if (value === null || value === undefined) return '';
  const text = textOf(value);
  // NUL ends a string in C; lone surrogates have no UTF-8.
  const safe = text
    .replaceAll('\u0000', ' ')
    .replace(/[\u{F0000}\u{F0001}]/gu, '\uFFFD')
    .toWellFormed();
  return keepLines ? safe.trim() : safe.replace(/\s+/gu, ' ').trim();
}

type Skeleton = (present: readonly string[]) => readonly Segment[];

function baseTemplateOf(profile: TaskProfile, options: PromptOptions): Skeleton {
  const item = template(profile, 'base', profile.prompt.base);
  const instruction = render(profile, 'instruction', profile.prompt.instruction, variables(profile, {})).trim();
  const shots = options.shots.flatMap((shot) => {
    const skeleton = rendered(profile, item, presentIn(shot.fields), true);
    const filled = fill(skeleton, shot.fields, options.keepLines ?? false, ' ');
    const target = { text: ` ${shot.target}`, field: 'target' };
    return [...filled.prefix, ...filled.input, target, plain('\n\n')];
  });
  const head = instruction === '' ? [] : [plain(`${instruction}\n\n`)];
  return (present) => [...head, ...shots.map(asTemplatePart), ...rendered(profile, item, present, true)];
}

function chatTemplateOf(profile: TaskProfile, model: PromptModel, options: PromptOptions): Skeleton {
  const item = template(profile, 'chat', profile.prompt.chat);
  const system = render(profile, 'instruction', profile.prompt.instruction, variables(profile, {})).trim();
  const source = model.chatTemplate as string;
  // Data of the examples gets marks of its own, so that it stays data through the model's template.
  const shotValues: Segment[] = [];
  const turns = options.shots.flatMap((shot): Turn[] => {
    const filled = fill(
      rendered(profile, item, presentIn(shot.fields), false),
      shot.fields,
      options.keepLines ?? false,
      '',
    );
    const content = [...filled.prefix, ...filled.input]
      .map((segment) => (segment.field === null ? segment.text : mark(shotMarks + shotValues.push(segment) - 1)))
      .join('');
    return [
      { role: 'user', content },
      { role: 'assistant', content: mark(shotMarks + shotValues.push({ text: shot.target, field: 'target' }) - 1) },
    ];
  });
  return (present) => {
    const content = itemText(profile, item, present).trim();
    const text = chatText(source, model, system, [...turns, { role: 'user', content }]);
    return split(text, (index) =>
      index >= shotMarks
        ? asTemplatePart(shotValues[index - shotMarks] as Segment)
        : fieldMark(present[index] as string),
    );
  };
}

/**
 * A conversation as the template of a model file writes it. The file may be anybody's, so that its template may fail, or
 * leave out what the model is asked about.
 * @throws SlmError of kind `model`
 */
function chatText(source: string, model: PromptModel, system: string, turns: readonly Turn[]): string {
  const refused = (why: string, cause?: unknown) =>
    modelError(
      `the chat template of the model cannot be used: ${why}`,
      'Use `prompt.use: base` in the task, or write another template into a manifest (docs/models.md#your-own-model).',
      cause,
    );
  let text: string;
  try {
    text = renderChat(source, model, system, turns);
  } catch (error) {
    throw refused(messageOf(error), error);
  }
  const written = new Set(text.match(marks));
  if (turns.every(({ content }) => (content.match(marks) ?? []).every((each) => written.has(each)))) return text;
  throw refused('it leaves out turns of the conversation');
}

/** Marks from here on stand for data of the examples. */
const shotMarks = 1_000_000;

/** The item with a segment for each stretch; trailing white space is cut for base prompts, where the model goes on. */
function rendered(
  profile: TaskProfile,
  item: NamedTemplate,
  present: readonly string[],
  cut: boolean,
): readonly Segment[] {
  const text = itemText(profile, item, present);
  return split(cut ? text.trimEnd() : text.trim(), (index) => fieldMark(present[index] as string));
}

function itemText(profile: TaskProfile, { name, item }: NamedTemplate, present: readonly string[]): string {
  const values = Object.fromEntries(present.map((name, index) => [name, mark(index)]));
  return run(profile, name, () => item.render(variables(profile, values)));
}

function variables(profile: TaskProfile, fields: Record<string, unknown>): Record<string, unknown> {
  const labels = profile.labels.map(({ name, description, word }: Label) => ({ name, description, word }));
  return { ...fields, labels };
}

/** Stands for a field until it is filled. */
function fieldMark(field: string): Segment {
  return { text: '', field };
}

/** Data of an example: already filled, so `fill` must leave it alone. */
function asTemplatePart(segment: Segment): Segment {
  return segment.field === null ? segment : { text: segment.text, field: `examples.${segment.field}` };
}

function split(text: string, segmentOf: (index: number) => Segment): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  for (const match of text.matchAll(marks)) {
    if (match.index > at) segments.push(plain(text.slice(at, match.index)));
    segments.push(segmentOf(Number(match[1])));
    at = match.index + match[0].length;
  }
  if (at < text.length) segments.push(plain(text.slice(at)));
  return segments;
}

/**
 * Puts the values in. Everything before the first field of this record is the prefix. A space before a field goes
 * to the field's own tokens, because " word" is one token in nearly all vocabularies.
 */
function fill(
  skeleton: readonly Segment[],
  fields: Readonly<Record<string, unknown>>,
  keepLines: boolean,
  separator: '' | ' ',
): PromptText {
  const prefix: Segment[] = [];
  const input: Segment[] = [];
  for (const segment of skeleton) {
    const isField = segment.field !== null && !segment.field.startsWith('examples.');
    const target = isField || input.length > 0 ? input : prefix;
    target.push(
      isField ? { text: fieldText(fields[segment.field as string], keepLines), field: segment.field } : segment,
    );
  }
  const spaced = moveSpaces([...prefix, ...input]);
  return { prefix: spaced.slice(0, prefix.length), input: spaced.slice(prefix.length), separator };
}

function moveSpaces(segments: readonly Segment[]): Segment[] {
  const moved = segments.map((segment) => ({ ...segment }));
  for (let index = 1; index < moved.length; index++) {
    const before = moved[index - 1] as { text: string; field: string | null };
    const here = moved[index] as { text: string; field: string | null };
    if (here.field === null || before.field !== null || !before.text.endsWith(' ') || here.text.startsWith(' '))
      continue;
    before.text = before.text.slice(0, -1);
    here.text = ` ${here.text}`;
  }
  return moved;
}

/** Neighbouring stretches of the profile's own text are tokenised as one. */
function mergeSegments(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (segment.text === '') continue;
    if (last !== undefined && last.field === null && segment.field === null) {
      merged[merged.length - 1] = plain(last.text + segment.text);
    } else {
      merged.push(segment);
    }
  }
  return merged;
}

function plain(text: string): Segment {
  return { text, field: null };
}

/** A template of the profile by its key, for messages. */
interface NamedTemplate {
  readonly name: 'base' | 'chat';
  readonly item: CompiledTemplate;
}

function template(profile: TaskProfile, name: NamedTemplate['name'], source: string): NamedTemplate {
  return { name, item: run(profile, name, () => compileTemplate(source)) };
}

function render(profile: TaskProfile, name: string, source: string, values: Record<string, unknown>): string {
  return run(profile, name, () => compileTemplate(source).render(values));
}

function run<T>(profile: TaskProfile, name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw usageError(
      `${profile.path}: prompt.${name} is not a valid Jinja template: ${messageOf(error)}`,
      'See docs/tasks.md for what a template may use.',
      error,
    );
  }
}
