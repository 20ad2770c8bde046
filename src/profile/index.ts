import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { cascadeOf, cascadeReference } from '../cascade-reference.js';
import { findDocuments } from '../documents/find.js';
import { SlmError, suggestion, usageError } from '../errors.js';
import { type BadExample, type ExampleContext, exampleOf, goldRows, isBadExample } from '../examples.js';
import { readDocument } from '../grammar/document.js';
import { checkGrammar } from '../grammar/gbnf.js';
import { schemaNotes } from '../grammar/schema-check.js';
import { SchemaError } from '../grammar/schema-error.js';
import { pointerSteps } from '../grammar/schema-node.js';
import { chosenPrompt, defaultTemplates } from '../methods/default-prompts.js';
import { defaultMethod, methodNamed, methods } from '../methods/index.js';
import { placeOf } from '../record.js';
import { fileSource, readerFor } from '../records/index.js';
import { readSettingsText, regularFile } from '../settings-file.js';
import { taskTypes } from '../task-types/index.js';
import { metricsFor } from '../task-types/metrics.js';
import type { TypeSetting } from '../task-types/types.js';
import type { Example, Label, MetricGoal, Row, TaskProfile, TaskType, Threshold } from '../types.js';
import { type Locate, type Parsed, parseYaml } from '../yaml.js';
import { checkTemplates } from './check-templates.js';
import { findLeak } from './leaks.js';
import { findTask, shownPath, type TaskFolder } from './paths.js';
import { profileSchema, type RawProfile } from './schema.js';
import { inlineSchema, readSchemaFile, type TaskSchema } from './schema-file.js';

export { profileJsonSchema } from './schema.js';

export interface ProfileContext {
  /** Why the model that a task prefers cannot be had; asked only where a task is to be checked in every respect. */
  readonly modelProblem?: (model: string) => Promise<string | null>;
  readonly folders: readonly TaskFolder[];
  readonly cwd: string;
}

/** Example files are written by people; none of them comes near this. */
const maxExampleBytes = 8 << 20;
/** All of them are kept in memory, and read at every start. */
const maxExamples = 100_000;

/**
 * Finds a task by name or path, reads it and everything it names, and checks it all.
 * @throws SlmError with file, line and column of the first problem
 */
export async function loadProfile(spec: string, context: ProfileContext): Promise<TaskProfile> {
  const file = findTask(spec, context.folders, context.cwd);
  const source = readSource(file, context, []);
  const { raw, at } = source;
  const multiLabel = raw.multiLabel;
  const definition = taskTypes[raw.type];
  const input = raw.input ?? definition.input;
  const labels = labelsOf(raw);
  checkSettings(raw, at);
  checkLabels(raw, labels, at);
  const model = modelOf(raw, at);
  const modelProblem = model === null ? null : ((await context.modelProblem?.(model)) ?? null);
  if (modelProblem !== null) {
    const key = raw.cascade === undefined ? 'model' : 'cascade';
    throw usageError(`${at([key])}: ${modelProblem}`, '`slm models list` lists them.');
  }
  const method = namedMethod(raw, at) ?? defaultMethod(raw.type, multiLabel);
  const options = optionsOf(raw, method, at);
  const judge = methodNamed(method).judgeOf?.({ options }) ?? null;
  const judgeProblem = judge === null ? null : ((await context.modelProblem?.(judge)) ?? null);
  if (judgeProblem !== null)
    throw usageError(`${at(['options', 'judge'])}: ${judgeProblem}`, '`slm models list` lists them.');
  const { use: usual, ...defaults } = defaultTemplates({ type: raw.type, multiLabel, method, input }, definition.input);
  const use = chosenPrompt(raw.prompt, usual);
  const exampleContext: ExampleContext = {
    type: raw.type,
    input,
    labels,
    multiLabel,
    labelMap: new Map(),
    field: null,
    labelField: null,
    ownLabelField: raw.labelField ?? null,
    inTask: true,
  };
  const examples = await examplesOf(raw.examples, 'examples', source, exampleContext);
  const fixtures = await examplesOf(raw.fixtures, 'fixtures', source, exampleContext);
  const leak = findLeak(raw.type, examples, fixtures);
  if (leak !== null) {
    throw usageError(
      `${place(leak.fixture)}: test example "${leak.fixture.record.id}" is also example "${leak.example.record.id}" (${place(leak.example)}).`,
      'A test example in the prompt makes every figure worthless. Remove one of the two.',
    );
  }
  const templateNotes = checkTemplates(raw, input, labels, at);
  const written = schemaOf(raw, source);
  const schema = written?.value ?? null;
  const grammar = grammarOf(raw, source);
  const profile: TaskProfile = {
    name: raw.name,
    path: shownPath(file, context.cwd),
    description: raw.description,
    type: raw.type,
    model,
    input,
    labels,
    multiLabel,
    labelField: raw.labelField ?? null,
    prompt: {
      instruction: raw.prompt.instruction ?? defaults.instruction,
      base: raw.prompt.base ?? defaults.base,
      chat: raw.prompt.chat ?? defaults.chat,
      use,
      ...(raw.prompt.variants === undefined ? {} : { variants: raw.prompt.variants }),
    },
    examples,
    method,
    methodNamed: raw.method !== undefined || raw.answer !== undefined || Object.keys(raw.options ?? {}).length > 0,
    options,
    schema,
    grammar,
    threshold: thresholdOf(raw, labels, at),
    metrics: goalsOf(raw, at),
    fixtures,
    documents: documentsOf(raw, source),
    files: [
      ...source.files,
      ...[raw.examples, raw.fixtures, raw.grammar].filter((part) => typeof part === 'string'),
      ...(written?.files ?? []),
    ],
    digest: digestOf(
      {
        ...raw,
        prompt: { ...raw.prompt, use, variants: undefined },
        options,
        labels,
        defaults,
        schema,
        grammar,
        description: '',
        version: 0,
      },
      examples,
    ),
    tuned: null,
  };
  const placeInSchema = (pointer: string): string =>
    written?.place(pointer) ?? source.at(['schema', ...pointerSteps(pointer)]);
  checkMethod(profile, placeInSchema);
  if (written === null) return templateNotes.length === 0 ? profile : { ...profile, notes: templateNotes };
  const notes = schemaNotes(readDocument(schema)).map(
    ({ pointer, message }) => `${placeInSchema(pointer)}: schema at ${pointer}: ${message}`,
  );
  return { ...profile, notes: [...templateNotes, ...notes] };
}

/** The model that the task asks for, or the cascade of some. */
function modelOf({ model, cascade }: RawProfile, at: Locate): string | null {
  if (cascade === undefined) return model ?? null;
  if (model !== undefined) throw usageError(`${at(['cascade'])}: a task has a "model" or a "cascade", not both`);
  const reference = cascadeReference(cascade);
  placed(at(['cascade']), () => cascadeOf(reference));
  return reference;
}

/** Refuses a profile that its method cannot work with, before the model is loaded. */
function checkMethod(profile: TaskProfile, placeInSchema: (pointer: string) => string): void {
  const problemOf = checked(profile, placeInSchema);
  if (problemOf === null) return;
  for (const { record, gold } of [...profile.examples, ...profile.fixtures]) {
    const problem = problemOf(gold);
    if (problem !== null) throw usageError(`${placeOf(record.origin)}: example "${record.id}": ${problem}.`);
  }
}

function checked(profile: TaskProfile, placeInSchema: (pointer: string) => string) {
  const { check } = methodNamed(profile.method);
  try {
    return check?.(profile) ?? null;
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw usageError(`${placeInSchema(error.pointer)}: ${error.message}`, error.hint, error);
  }
}

/** A key that the task type does not read would be ignored without a word. */
function checkSettings(raw: RawProfile, at: Locate): void {
  const { settings } = taskTypes[raw.type];
  for (const [key, value] of Object.entries(typeSettings(raw))) {
    if (!isGiven(value) || settings.includes(key as TypeSetting)) continue;
    const readers = Object.entries(taskTypes).filter(([, type]) => type.settings.includes(key as TypeSetting));
    throw usageError(
      `${at([key])}: a task of type "${raw.type}" does not read "${key}".`,
      `It is for ${readers.map(([name]) => name).join(' and ')}. Remove it, or change the type.`,
    );
  }
}

function typeSettings({ labels, multiLabel, threshold, schema, grammar, documents, answer }: RawProfile) {
  return { labels, multiLabel, threshold, schema, grammar, documents, answer } satisfies Record<TypeSetting, unknown>;
}

/** Returns whether it is there and says something: documents are a list, a flag can be left at false. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
}

/** A task.yaml with what it includes merged in. Its paths are absolute. */
interface Source {
  readonly raw: RawProfile;
  readonly at: Locate;
  readonly file: string;
  /** That file and the included ones. */
  readonly files: readonly string[];
  readonly cwd: string;
}

/** A task that includes another may leave out what it inherits. */
const includingSchema = profileSchema.partial({ type: true, name: true });

function readSource(file: string, context: ProfileContext, seen: readonly string[]): Source {
  const shown = shownPath(file, context.cwd);
  const text = readSettingsText(file, shown);
  const including = /^["']?include["']?\s*:/mu.test(text);
  const { value, written, at, textAt } = parseYaml(
    text,
    shown,
    including ? includingSchema : profileSchema,
    'docs/tasks.md describes every key.',
  );
  const folder = path.dirname(file);
  refuseLostLabel(written, at);
  const raw = withLabelNames(withAbsolutePaths(value as RawProfile, folder), textAt);
  const common = { file, cwd: context.cwd };
  if (raw.include === undefined) return { raw, at, files: [file], ...common };
  const target = /[/\\]|\.ya?ml$/u.test(raw.include) ? path.resolve(folder, raw.include) : raw.include;
  const parent = readIncluded(target, at(['include']), folder, context, [...seen, file]);
  const own = written as Record<string, unknown>;
  // A problem with something inherited is in the file that says it.
  const place: Locate = (steps) => (String(steps[0]) in own ? at(steps) : parent.at(steps));
  return { raw: inherit(parent.raw, raw, own), at: place, files: [file, ...parent.files], ...common };
}

function readIncluded(
  target: string,
  place: string,
  folder: string,
  context: ProfileContext,
  seen: readonly string[],
): Source {
  const file = placed(place, () => findTask(target, context.folders, folder));
  if (!seen.includes(file)) return readSource(file, context, seen);
  const chain = [...seen, file].map((step) => shownPath(step, context.cwd)).join(' → ');
  throw usageError(`${place}: the task includes itself: ${chain}`);
}

/** Names the place in the task.yaml where something goes wrong. */
function placed<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    throw usageError(`${place}: ${error.message}`, error.hint);
  }
}

/** Keys that the child has win; `prompt`, `options` and `metrics` are joined key by key. */
function inherit(parent: RawProfile, child: RawProfile, own: Record<string, unknown>): RawProfile {
  const has = (key: string) => key in own;
  const kept = Object.fromEntries(Object.entries(child).filter(([key]) => has(key)));
  const prompt = (own.prompt ?? {}) as object;
  const namesMethod = has('method') || own.answer !== undefined;
  const otherMethod = namesMethod && (child.method !== parent.method || child.answer !== parent.answer);
  const inherited = has('type') && child.type !== parent.type ? withoutUnread(parent, child.type) : parent;
  return {
    ...(namesMethod ? withoutMethod(inherited) : inherited),
    ...kept,
    prompt: { ...parent.prompt, ...prompt },
    options: otherMethod ? child.options : { ...parent.options, ...child.options },
    metrics: { ...parent.metrics, ...child.metrics },
  };
}

/** `method` and `answer` say the same in two ways: one that is named puts the other out of force. */
function withoutMethod({ method: _method, answer: _answer, ...rest }: RawProfile): RawProfile {
  return rest;
}

/** A task of another type than the one that it includes leaves behind what only that one reads. */
function withoutUnread(parent: RawProfile, type: TaskType): RawProfile {
  const unread = Object.keys(typeSettings(parent)).filter(
    (key) => !taskTypes[type].settings.includes(key as TypeSetting),
  );
  const kept = Object.fromEntries(Object.entries(parent).filter(([key]) => !unread.includes(key)));
  return { ...kept, multiLabel: kept.multiLabel ?? false, documents: kept.documents ?? [] } as RawProfile;
}

function withAbsolutePaths(raw: RawProfile, folder: string): RawProfile {
  const absolute = <T>(value: T) => (typeof value === 'string' ? (path.resolve(folder, value) as T) : value);
  const documents = typeof raw.documents === 'string' ? [raw.documents] : raw.documents;
  return {
    ...raw,
    examples: absolute(raw.examples),
    fixtures: absolute(raw.fixtures),
    documents: (documents ?? []).map(absolute),
    ...(raw.schema === undefined ? {} : { schema: absolute(raw.schema) }),
    ...(raw.grammar === undefined ? {} : { grammar: absolute(raw.grammar) }),
  };
}

/** The check of a mapping drops the one key that JavaScript does not take for a key like others; a list can have it. */
function refuseLostLabel(written: unknown, at: Locate): void {
  const { labels } = written as { labels?: unknown };
  if (typeof labels !== 'object' || labels === null || !Object.hasOwn(labels, '__proto__')) return;
  throw usageError(
    `${at(['labels'])}: a label with a description cannot be called "__proto__"`,
    'Choose another name, or write the labels as a list.',
  );
}

/** A label that YAML takes for a number, such as `1.0`, is called as it is written. */
function withLabelNames(raw: RawProfile, textAt: Parsed<unknown>['textAt']): RawProfile {
  if (!Array.isArray(raw.labels)) return raw;
  const nameOf = (name: unknown, i: number) =>
    typeof name === 'string' ? name : (textAt(['labels', i]) ?? String(name));
  return { ...raw, labels: raw.labels.map(nameOf) };
}

function labelsOf(raw: RawProfile): Label[] {
  const entries = Array.isArray(raw.labels)
    ? raw.labels.map((name) => [String(name), ''] as const)
    : Object.entries(raw.labels ?? {});
  return entries.map(([name, value]) =>
    typeof value === 'string'
      ? { name, description: value, word: name, aliases: [] }
      : { name, description: value.description, word: value.word ?? name, aliases: value.aliases },
  );
}

/** A prompt that names more has no room for a text, and all work on labels grows with their number. */
const maxLabels = 2000;

function checkLabels(raw: RawProfile, labels: readonly Label[], at: Locate): void {
  const needed = taskTypes[raw.type].fewestLabels(raw.multiLabel);
  if (labels.length < needed) {
    throw usageError(
      `${at(['labels'])}: a task of type "${raw.type}" needs at least ${needed} label${needed === 1 ? '' : 's'}, found ${labels.length}.`,
    );
  }
  if (labels.length > maxLabels) {
    throw usageError(
      `${at(['labels'])}: ${labels.length} labels; a task may have at most ${maxLabels}.`,
      'Choose in two steps: a task for the group, and one for each group.',
    );
  }
  const words = new Set<string>();
  for (const [index, { name, word }] of labels.entries()) {
    const place = at(['labels', Array.isArray(raw.labels) ? index : name]);
    if (words.has(word))
      throw usageError(`${place}: two labels with the word "${word}"; the model could not tell them apart.`);
    if (name === 'abstain' || name === 'error')
      throw usageError(`${place}: "${name}" is a reserved word in results. Choose another name and set "word".`);
    if (name !== name.trim())
      throw usageError(`${place}: the label "${name}" begins or ends with a blank, which labelled data leaves out.`);
    words.add(word);
  }
  checkAliases(labels, at);
}

/** Another name must mean one label. It is looked for without regard to case (`labelNamed`). */
function checkAliases(labels: readonly Label[], at: Locate): void {
  const owners = new Map(labels.map(({ name }) => [name.toLowerCase(), name]));
  for (const { name, aliases } of labels) {
    for (const [index, alias] of aliases.entries()) {
      const owner = owners.get(alias.toLowerCase()) ?? name;
      if (owner !== name)
        throw usageError(
          `${at(['labels', name, 'aliases', index])}: "${alias}" would mean both "${owner}" and "${name}".`,
          'Give the alias to one of the two.',
        );
      owners.set(alias.toLowerCase(), owner);
    }
  }
}

/** The method that a profile names, itself or by the kind of its answers. */
function namedMethod({ type, method, answer }: RawProfile, at: Locate): string | undefined {
  if (answer === undefined) return method;
  const named = taskTypes[type].answerKinds?.[answer];
  if (method === undefined || method === named) return named;
  throw usageError(
    `${at(Object.keys({ answer }))}: "answer: ${answer}" is the method "${named}", but "method" is "${method}".`,
    'Remove one of the two.',
  );
}

function optionsOf(raw: RawProfile, name: string, at: Locate): Record<string, unknown> {
  const names = Object.keys(methods);
  if (!names.includes(name))
    throw usageError(
      `${at(['method'])}: no method "${name}".${suggestion(name, names)}`,
      `There are ${names.join(', ')}.`,
    );
  const method = methodNamed(name);
  if (!method.taskTypes.includes(raw.type)) {
    const fitting = names.filter((other) => methodNamed(other).taskTypes.includes(raw.type));
    throw usageError(
      `${at(['method'])}: method "${name}" is for ${method.taskTypes.join(' and ')}, not for ${raw.type}.`,
      `For ${raw.type} there are ${fitting.join(', ')}.`,
    );
  }
  const result = method.options.safeParse(raw.options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const known = Object.keys((method.options as unknown as { shape?: object }).shape ?? {});
  if (issue?.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    throw usageError(
      `${at(['options', key])}: method "${name}" has no option "${key}".${suggestion(key, known)}`,
      `Its options: ${known.join(', ')}.`,
    );
  }
  throw usageError(
    `${at(['options', ...(issue?.path ?? [])])}: option "${issue?.path.join('.')}": ${issue?.message}`,
    `Options of ${name}: ${known.join(', ')}.`,
  );
}

function thresholdOf(raw: RawProfile, labels: readonly Label[], at: Locate): Threshold {
  const given = raw.threshold;
  const usual = taskTypes[raw.type].usualThreshold(raw.multiLabel);
  if (given === undefined) return { min: usual, below: 'abstain' };
  if (typeof given === 'number') return { min: given, below: 'abstain' };
  const names = labels.map((label) => label.name);
  if (given.below !== 'abstain' && (!taskTypes[raw.type].comparesLabels || raw.multiLabel)) {
    throw usageError(
      `${at(['threshold', 'below'])}: only a task that gives each text one label can fall back to another.`,
      'Leave "below" out.',
    );
  }
  if (given.below !== 'abstain' && !names.includes(given.below)) {
    throw usageError(
      `${at(['threshold', 'below'])}: "${given.below}" is neither "abstain" nor a label.${suggestion(given.below, ['abstain', ...names])}`,
    );
  }
  return given;
}

function goalsOf(raw: RawProfile, at: Locate): MetricGoal[] {
  return Object.entries(raw.metrics).map(([name, goal]) => {
    const fitting = metricsFor(raw.type, raw.multiLabel).map((metric) => metric.name);
    if (!fitting.includes(name)) {
      throw usageError(
        `${at(['metrics', name])}: no metric "${name}" for ${raw.type}.${suggestion(name, fitting)}`,
        `There are ${fitting.join(', ')}.`,
      );
    }
    if (typeof goal === 'number') return { name, min: goal };
    return {
      name,
      ...(goal.min === undefined ? {} : { min: goal.min }),
      ...(goal.max === undefined ? {} : { max: goal.max }),
    };
  });
}

async function examplesOf(
  value: RawProfile['examples'],
  key: 'examples' | 'fixtures',
  source: Source,
  context: ExampleContext,
): Promise<Example[]> {
  if (typeof value === 'string') checkThere(value, key, source);
  const rows =
    typeof value === 'string' ? goldRows(context.type, fileRows(value, source)) : inlineRows(value, key, source);
  const found: Example[] = [];
  const ids = new Set<string>();
  for await (const row of rows) {
    const example: Example | BadExample = exampleOf(row, found.length, context);
    if (isBadExample(example)) throw usageError(`${placeOf(example.origin)}: ${example.error}`);
    const { id } = example.record;
    if (ids.has(id))
      throw usageError(
        `${placeOf(row.origin)}: a second example with the id "${id}".`,
        'Give each example an id of its own, or none.',
      );
    ids.add(id);
    if (found.length === maxExamples) {
      throw usageError(
        `${placeOf(row.origin)}: more than ${maxExamples} ${key}.`,
        '`slm tune --data FILE` and `slm eval --data FILE` read any number.',
      );
    }
    found.push(example);
  }
  return found;
}

function fileRows(file: string, source: Source): AsyncIterable<Row> {
  const shown = { ...fileSource(file), file: shownPath(file, source.cwd) };
  const options = { maxRecordBytes: maxExampleBytes, onWarning: () => undefined, refusesDamage: true };
  return readerFor(null, file).read(shown, options);
}

async function* inlineRows(items: readonly Record<string, unknown>[], key: string, source: Source): AsyncIterable<Row> {
  for (const [index, fields] of items.entries()) {
    const [, line] = /:(\d+):\d+$/u.exec(source.at([key, index])) ?? [];
    yield {
      fields: { id: `${key}[${index}]`, ...fields },
      origin: { file: shownPath(source.file, source.cwd), line: Number(line ?? 1) },
    };
  }
}

function schemaOf(raw: RawProfile, source: Source): TaskSchema | null {
  if (raw.schema === undefined) return null;
  if (raw.grammar !== undefined)
    throw usageError(`${source.at(['grammar'])}: give either "schema" or "grammar", not both.`);
  if (typeof raw.schema !== 'string') return inlineSchema(raw.schema, path.dirname(source.file), source.cwd);
  checkThere(raw.schema.replace(/#.*$/, ''), 'schema', source);
  return readSchemaFile(raw.schema, source.cwd);
}

function grammarOf(raw: RawProfile, source: Source): string | null {
  if (raw.grammar === undefined) return null;
  const shown = shownPath(raw.grammar, source.cwd);
  checkThere(raw.grammar, 'grammar', source);
  const text = readSettingsText(raw.grammar, shown);
  const problem = checkGrammar(text);
  if (problem !== null) throw usageError(`${shown}:${problem}`, 'docs/tasks.md shows a grammar.');
  return text;
}

function documentsOf(raw: RawProfile, source: Source): string[] {
  const entries = typeof raw.documents === 'string' ? [raw.documents] : raw.documents;
  return entries.flatMap((entry, index) => {
    const { files } = findDocuments(entry, path.dirname(source.file));
    if (files.length === 0)
      throw usageError(
        `${source.at(['documents', index])}: no document at "${shownPath(entry, source.cwd)}".`,
        'Name a file, a folder, or folder/*.md.',
      );
    return files;
  });
}

function checkThere(file: string, key: string, source: Source): void {
  if (existsSync(file)) {
    regularFile(file, shownPath(file, source.cwd));
    return;
  }
  throw usageError(
    `${source.at([key])}: no file "${shownPath(file, source.cwd)}"`,
    'Paths are relative to the task.yaml.',
  );
}

/** The digest of everything that results depend on, which excludes fixtures. */
function digestOf(settings: object, examples: readonly Example[]): string {
  const hash = createHash('sha256');
  const {
    fixtures: _f,
    examples: _e,
    documents: _d,
    include: _i,
    metrics: _m,
    model: _n,
    cascade: _c,
    ...rest
  } = settings as Record<string, unknown>;
  hash.update(JSON.stringify(rest, (_key, value: unknown) => value));
  const texts = examples.map(({ record, gold }) => {
    const { id: _id, ...fields } = record.fields;
    return JSON.stringify([fields, gold]);
  });
  hash.update(texts.join(''));
  return hash.digest('hex').slice(0, 32);
}

function place(example: Example): string {
  return placeOf(example.record.origin);
}
