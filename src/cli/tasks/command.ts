import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { EngineFlags } from '../../app/opening/flags.js';
import { profileContext } from '../../app/surroundings.js';
import { type TaskCard, taskCards, typeName } from '../../app/tasks/task-cards.js';
import type { TunedFor } from '../../app/tasks/tuned-for.js';
import { exitCodes, SlmError, usageError } from '../../errors.js';
import { couldTakeFiles, makeFolder } from '../../folders.js';
import { findTask, listTasks, shownPath, type TaskPlace } from '../../profile/paths.js';
import { replaceFile } from '../../replace-file.js';
import { starters } from '../../task-types/starters.js';
import type { Starter } from '../../task-types/types.js';
import { jsonText } from '../../terminal-text.js';
import type { MetricGoal, TaskProfile } from '../../types.js';
import type { CliContext } from '../context.js';
import { refuseUnknownCommand } from '../default-command.js';
import { list, shared } from '../options.js';
import { tableText } from '../terminal/table.js';

/** `slm tasks`: what there is, whether it is sound, and a new one. */
export function tasksCommand(context: CliContext): Command {
  const command = new Command('tasks')
    .description('list, show, check and create tasks')
    .hook('preSubcommand', refuseUnknownCommand);

  command
    .command('list', { isDefault: true })
    .description('list the tasks that can be used by name')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const rows = [];
      const cardOf = taskCards(context);
      for (const place of listTasks(profileContext(context).folders)) rows.push(await summary(place, cardOf));
      if (json === true) context.stdout.write(jsonText(rows));
      else context.print(taskTable(rows));
    });

  command
    .command('show')
    .description('show the details of a task: labels, method, examples, documents')
    .argument('<task>', 'a task name, or a path')
    .option('--json', 'print JSON')
    .action(async (spec: string, { json }: { json?: boolean }) => {
      const { loadProfile } = await import('../../profile/index.js');
      const profile = await loadProfile(spec, profileContext(context));
      const { tunedFor } = await import('../../app/tasks/tuned-for.js');
      const tuned = tunedFor(context, profile);
      if (json === true) context.stdout.write(jsonText(details(profile, tuned)));
      else context.print(await taskSheet(profile, tuned));
    });

  command
    .command('validate')
    .description('check tasks and every file that they name')
    .argument('[tasks...]', 'names or paths (default: every task)')
    .option('--strict', 'treat notes about a schema or a template as errors')
    .action(async (specs: string[], { strict = false }: { strict?: boolean }) => {
      const places = specs.length > 0 ? specs : listTasks(profileContext(context).folders).map((place) => place.path);
      const cardOf = taskCards(context);
      for (const spec of places) await validate(context, spec, cardOf, strict);
    });

  command
    .command('init')
    .description('create a working task for you to change')
    .argument('<name>', 'lower-case letters, digits and hyphens')
    .addOption(
      new Option('--type <type>', 'type of the task').choices(Object.keys(starters)).default(Object.keys(starters)[0]),
    )
    .option('--dir <folder>', 'folder for the new task', 'tasks')
    .action((name: string, { type, dir }: { type: string; dir: string }) => init(context, name, type, dir));

  command
    .command('calibrate')
    .description('compute the calibration constants of a task for one or more models, and keep them in its folder')
    .argument('<task>', 'a task name, or a path')
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .action((spec: string, flags: EngineFlags) => calibrate(context, spec, flags));

  command
    .command('schema')
    .description('print the JSON Schema of a task.yaml, for editors')
    .action(async () => {
      const { profileJsonSchema } = await import('../../profile/index.js');
      context.stdout.write(jsonText(profileJsonSchema()));
    });

  return command;
}

interface TaskRow {
  name: string;
  type: string;
  from: string;
  /** Models that it is tuned for. */
  tuned: readonly string[];
  description: string;
  path: string;
}

type CardOf = (file: string) => Promise<TaskCard>;

/** A broken task is listed too, with what is wrong in place of its description. */
async function summary(place: TaskPlace, cardOf: CardOf): Promise<TaskRow> {
  const common = { name: place.name, from: place.title, path: place.path };
  try {
    const { type, description, tuned } = await cardOf(place.path);
    return { ...common, type, tuned, description };
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    return { ...common, type: 'broken', tuned: [], description: error.message };
  }
}

function taskTable(rows: readonly TaskRow[]): string {
  return tableText(
    ['TASK', 'TYPE', 'FROM', 'TUNED FOR', 'WHAT IT DOES'],
    rows.map((row) => [row.name, row.type, row.from, fewModels(row.tuned), row.description]),
  );
}

/** As many names as leave the description a place on the line; `slm tasks show` names all. */
function fewModels(names: readonly string[]): string {
  return names.length <= 2 ? names.join(', ') : `${names[0]} and ${names.length - 1} more`;
}

function details(profile: TaskProfile, tuned: readonly TunedFor[]) {
  const { examples, fixtures, files: _files, ...rest } = profile;
  return { ...rest, tuned, examples: examples.length, fixtures: fixtures.length };
}

async function taskSheet(profile: TaskProfile, tuned: readonly TunedFor[]): Promise<string> {
  const { methodNamed } = await import('../../methods/index.js');
  const lines: [string, string][] = [
    ['task', profile.name],
    ['file', profile.path],
    ['what it does', profile.description],
    ['type', typeName(profile)],
    ['model', profile.model ?? '(the default)'],
    ['input', profile.input],
    ['method', `${profile.method}: ${methodNamed(profile.method).title}`],
    [
      'options',
      Object.entries(profile.options)
        .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
        .join(', '),
    ],
    ...profile.labels.map((label, i): [string, string] => [
      i === 0 ? 'labels' : '',
      `${label.name}${label.description === '' ? '' : ` – ${label.description}`}`,
    ]),
    [
      'threshold',
      profile.threshold.min === 0 ? 'none' : `${profile.threshold.min}, below it: ${profile.threshold.below}`,
    ],
    ...tuned.map((each, i): [string, string] => [i === 0 ? 'tuned for' : '', tunedText(each)]),
    ['examples', String(profile.examples.length)],
    ['fixtures', String(profile.fixtures.length)],
    ...profile.documents.map((file, i): [string, string] => [i === 0 ? 'documents' : '', file]),
    ['must reach', profile.metrics.map(goalText).join(', ') || '(nothing)'],
  ];
  return lines.map(([key, value]) => `${key.padEnd(13)} ${value}\n`).join('');
}

/** `accuracy 0.9`, `brier ≤ 0.2`, `coverage 0.5 to 0.9`. */
function goalText({ name, min, max }: MetricGoal): string {
  if (max === undefined) return min === undefined ? name : `${name} ${min}`;
  return min === undefined ? `${name} ≤ ${max}` : `${name} ${min} to ${max}`;
}

/** `gemma-3-270m: head over frozen features, accuracy 0.872 [0.849–0.894] on 300 examples` */
function tunedText(tuned: TunedFor): string {
  if ('problem' in tuned) return `${tuned.model}: ${tuned.problem}`;
  const { model, method, metric, scores, examples, outdated } = tuned;
  const score = scores.tuned;
  const figure =
    score === undefined
      ? ''
      : `, ${metric ?? 'score'} ${score.value.toFixed(3)} [${score.low.toFixed(3)}–${score.high.toFixed(3)}]`;
  const state = outdated ? '; the task has changed since: tune it again' : '';
  return `${model}: ${method}${figure} on ${examples} examples${state}`;
}

async function validate(context: CliContext, spec: string, cardOf: CardOf, strict: boolean): Promise<void> {
  try {
    const file = findTask(spec, profileContext(context).folders, context.cwd);
    const { name, examples, fixtures, notes } = await cardOf(file);
    for (const note of notes) context.stderr.write(`slm: ${note}\n`);
    if (strict && notes.length > 0) {
      context.exit(exitCodes.usage);
      return;
    }
    context.print(`ok\t${name}\t${examples} examples\t${fixtures} fixtures\t${shownPath(file, context.cwd)}\n`);
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    context.stderr.write(`slm: ${error.message}\n${error.hint === undefined ? '' : `     ${error.hint}\n`}`);
    context.exit(exitCodes.usage);
  }
}

/** Adds to what the folder has for other models; entries of the same models that no longer fit are dropped. */
async function calibrate(context: CliContext, spec: string, flags: EngineFlags): Promise<void> {
  const { documentsFor } = await import('../../app/opening/documents.js');
  const { readBundle } = await import('../../cache.js');
  const { modelToFetch } = await import('../../app/opening/choose-model.js');
  const { bundleFile } = await import('../../app/opening/constants.js');
  const { openModel } = await import('../../app/opening/open-model.js');
  const { computeConstants } = await import('../../app/opening/prepare-task.js');
  const { loadProfile } = await import('../../profile/index.js');
  const profile = await loadProfile(spec, profileContext(context));
  const file = bundleFile(context, profile);
  // Said before it takes minutes.
  if (!couldTakeFiles(path.dirname(file)))
    throw usageError(
      `the constants cannot be kept: ${path.dirname(file)} takes no files`,
      'Change its permissions, or copy the task to another folder.',
    );
  const documents = await documentsFor(context, profile, []);
  const computed: Record<string, unknown> = {};
  for (const model of list(await modelToFetch(context, flags, profile))) {
    const engine = await openModel(context, model, flags, 'many');
    try {
      Object.assign(computed, await computeConstants(context, profile, engine, documents, flags));
    } finally {
      await engine.dispose();
    }
  }
  // Read only now: another process may have calibrated the task for another model meanwhile.
  const kept = Object.entries(await readBundle(file)).filter(([key]) => key.endsWith(profile.digest));
  replaceFile(file, `${JSON.stringify({ ...Object.fromEntries(kept), ...computed }, null, 2)}\n`);
  context.stdout.write(`${file}\n`);
}

function init(context: CliContext, name: string, type: string, dir: string): void {
  if (!/^[a-z0-9][a-z0-9-]*$/u.test(name)) {
    throw usageError(`"${name}" is not a task name`, 'Use lower-case letters, digits and hyphens.');
  }
  const folder = path.resolve(context.cwd, dir, name);
  const hidden = listTasks(profileContext(context).folders).find((task) => task.name === name);
  if (existsSync(folder))
    throw usageError(`${path.join(dir, name)} already exists`, 'Choose another name; nothing was changed.');
  const schema = path.relative(folder, path.join(context.packageRoot, 'docs', 'task.schema.json'));
  const starter = starters[type] as Starter;
  for (const [file, content] of Object.entries(starter(name, schema))) {
    const target = path.join(folder, file);
    makeFolder(path.dirname(target));
    writeFileSync(target, content);
    context.print(`${path.join(dir, name, file)}\n`);
  }
  const spec = dir === 'tasks' ? name : path.join(dir, name);
  if (hidden !== undefined && dir === 'tasks')
    context.notice(
      `in this folder, "${name}" now means the new task instead of ${shownPath(hidden.path, context.cwd)}`,
    );
  context.notice(`next: \`slm eval ${spec}\`, then put in your own labels and examples`);
}
