import { cascadeOf, cascadeReference } from '../cascade-reference.js';
import { usageError } from '../errors.js';
import type { ExampleContext } from '../examples.js';
import { readDocument } from '../grammar/document.js';
import { schemaNotes } from '../grammar/schema-check.js';
import { pointerSteps } from '../grammar/schema-node.js';
import { chosenPrompt, defaultTemplates } from '../methods/default-prompts.js';
import { defaultMethod, methodNamed } from '../methods/index.js';
import { placeOf } from '../record.js';
import { asTaskKeys } from '../task-types/gold-wording.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, TaskProfile } from '../types.js';
import type { Locate } from '../yaml.js';
import { checkTemplates } from './check-templates.js';
import { digestOf } from './digest.js';
import { examplesOf } from './examples.js';
import { goalsOf } from './goals.js';
import { checkLabels, labelsOf } from './labels.js';
import { findLeak } from './leaks.js';
import { checkMethod, namedMethod, optionsOf } from './method.js';
import { documentsOf, grammarOf, schemaOf } from './named-files.js';
import { findTask, shownPath, type TaskFolders } from './paths.js';
import { placed } from './placed.js';
import type { RawProfile } from './schema.js';
import { readTaskFile } from './task-file.js';
import { thresholdOf } from './threshold.js';
import { checkSettings } from './type-settings.js';

export { profileJsonSchema } from './schema.js';

/** The surroundings of a task that is read. */
export interface ProfileContext extends TaskFolders {
  /** Why the model that a task prefers cannot be had; asked only where a task is to be checked in every respect. */
  readonly modelProblem?: (model: string) => Promise<string | null>;
}

/**
 * Finds a task by name or path, reads it and everything it names, and checks it all.
 * @throws SlmError with file, line and column of the first problem
 */
export async function loadProfile(spec: string, context: ProfileContext): Promise<TaskProfile> {
  const file = findTask(spec, context.folders, context.cwd);
  const source = readTaskFile(file, context);
  const { raw, at } = source;
  const multiLabel = raw.multiLabel;
  const definition = taskTypes[raw.type];
  const input = raw.input ?? definition.input;
  const labels = labelsOf(raw);
  checkSettings(raw, at);
  checkLabels(raw, labels, at);
  const model = modelOf(raw, at);
  if (model !== null) await checkModel(model, at([raw.cascade === undefined ? 'model' : 'cascade']), context);
  const method = namedMethod(raw, at) ?? defaultMethod(raw.type, multiLabel);
  const options = optionsOf(raw, method, at);
  const judge = methodNamed(method).judgeOf?.({ options }) ?? null;
  if (judge !== null) await checkModel(judge, at(['options', 'judge']), context);
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
    wording: asTaskKeys,
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
    ...documentsOf(raw, source),
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

async function checkModel(model: string, place: string, { modelProblem }: ProfileContext): Promise<void> {
  const problem = (await modelProblem?.(model)) ?? null;
  if (problem !== null) throw usageError(`${place}: ${problem}`, '`slm models list` lists them.');
}

function place(example: Example): string {
  return placeOf(example.record.origin);
}
