import { Command, Option } from 'commander';
import { listModels, searchModels } from '../../app/model-list.js';
import { chooseModel } from '../../app/opening/choose-model.js';
import { cacheDirectory, modelEnvironment, modelEvents } from '../../app/surroundings.js';
import { messageOf, modelError, SlmError, usageError } from '../../errors.js';
import { alphabetNames } from '../../gguf/alphabet.js';
import { checkGguf } from '../../gguf/check.js';
import {
  checkDerived,
  checkInstalled,
  derivedFolder,
  findManifest,
  hasLeftovers,
  installedNames,
  installedStats,
  listDerived,
  type ModelEnvironment,
  modelPath,
  readSpec,
  removeDerived,
  removeModel,
  resolveModel,
} from '../../models/index.js';
import { jsonText } from '../../terminal-text.js';
import type { CliContext } from '../context.js';
import { refuseUnknownCommand } from '../default-command.js';
import { wholeNumber } from '../options.js';
import { adviceText } from './advice-table.js';
import { type AdviseFlags, advise } from './advise-models.js';
import { type DeriveFlags, derivedDetails, derivedTable, deriveModel } from './derived-models.js';
import { modelDetails, modelText } from './model-details.js';
import { modelTable } from './model-table.js';

/** `slm models`: what there is, and what is on this machine. */
export function modelsCommand(context: CliContext): Command {
  const command = new Command('models')
    .description('list, fetch, check and remove models')
    .hook('preSubcommand', refuseUnknownCommand);
  const print = (text: string) => context.stdout.write(`${text}\n`);
  const printJson = (value: unknown) => context.stdout.write(jsonText(value));
  const printSheet = (text: string) => context.print(`${text}\n`);
  const listed = async () =>
    listModels(modelEnvironment(context), await chooseModel(context, {}, null), context.notice);

  command
    .command('list', { isDefault: true })
    .description('list the models of the catalogue and those that are installed')
    .option('--derived', 'list only derived files (see `slm models derive`)')
    .option('--json', 'print JSON: the models, or with --derived the derived files')
    .action(async ({ json, derived }: { json?: boolean; derived?: boolean }) => {
      if (derived === true || json !== true) {
        const folder = derivedFolder(cacheDirectory(context));
        if (derived === true) {
          const checked = await checkDerived(folder, context.signal);
          if (json === true) printJson(checked.map(derivedDetails));
          else context.print(derivedTable(checked));
          return;
        }
        const files = await listDerived(folder);
        printSheet(modelTable(await listed()));
        if (files.length > 0) context.print(`\n${derivedTable(files)}`);
        return;
      }
      printJson(await listed());
    });

  command
    .command('search')
    .description('search the names, titles, families, sizes, formats and licences of the catalogue for all these words')
    .argument('<words...>', 'such as "qwen", "chat" or "apache", in upper or lower case')
    .option('--json', 'print JSON')
    .action(async (words: string[], { json }: { json?: boolean }) => {
      const env = modelEnvironment(context);
      const found = await searchModels(env, await chooseModel(context, {}, null), words, context.notice);
      if (json === true) return void printJson(found);
      if (found.length > 0) return printSheet(modelTable(found));
      context.notice(`no model of the catalogue has ${words.map((word) => `"${word}"`).join(' and ')}`);
      context.notice('any GGUF file can be used by its address, such as hf:owner/repo/file.gguf, or by its path');
    });

  command
    .command('show')
    .description('show the details of a model: file, licence, memory and sources')
    .argument('<model>', 'a name, or a path to a .gguf file')
    .option('--json', 'print JSON')
    .action(async (spec: string, { json }: { json?: boolean }) => {
      const details = await showModel(context, spec);
      if (json === true) printJson(details);
      else printSheet(modelText(details));
    });

  command
    .command('advise')
    .description('show which models fit this machine, how fast they are, and which were measured best')
    .option('--task <task>', 'show the best models only for the type of this task')
    .addOption(
      new Option('--context-size <tokens>', 'estimate memory for a context of this many tokens')
        .argParser(wholeNumber(1))
        .default(2048),
    )
    .option('--measure', 'measure speed and memory of installed models; takes some seconds for each')
    .option('--json', 'print JSON')
    .action(async (flags: AdviseFlags) => {
      const advice = await advise(context, flags);
      if (flags.json === true) printJson(advice);
      else printSheet(adviceText(advice));
    });

  command
    .command('pull')
    .description('download models, and print their names and paths')
    .argument('<models...>', 'names, or addresses such as hf:owner/repo/file.gguf')
    .action(async (specs: string[]) => {
      for (const spec of specs) {
        const { name, path } = await resolveModel(spec, modelEnvironment(context), modelEvents(context));
        print(`${name}\t${path}`);
      }
    });

  command
    .command('derive')
    .description('make a smaller, faster file of a model without changing a weight, and print its path')
    .argument('<model>', 'a name, a path to a .gguf file, or a source URI')
    .addOption(new Option('--layers <n>', 'keep the first n layers (default: all)').argParser(wholeNumber(1)))
    .addOption(
      new Option('--vocabulary <alphabet>', 'keep the tokens that texts in this alphabet can have')
        .choices(['all', ...alphabetNames])
        .default('all'),
    )
    .action(async (spec: string, flags: DeriveFlags) => {
      print(await deriveModel(context, spec, flags));
    });

  command
    .command('verify')
    .description('compare the digests of installed models (default: all); exit code 3 if one is damaged')
    .argument('[models...]')
    .option('--all', 'check all models, and the derived files')
    .action((specs: string[], { all }: { all?: boolean }) => verifyModels(context, specs, all === true, printSheet));

  command
    .command('rm')
    .description('remove models from this machine')
    .argument('[models...]', 'names of models or derived files')
    .option('--derived', 'remove all derived files')
    .option('--unpin', 'also forget the digest, so that the next download of that name may be another file')
    .action(async (specs: string[], { unpin, derived }: { unpin?: boolean; derived?: boolean }) => {
      const env = modelEnvironment(context);
      const folder = derivedFolder(cacheDirectory(context));
      if (derived === true && specs.length > 0)
        throw usageError(
          '--derived removes all derived files, whatever they are called.',
          'Leave it out, or the names.',
        );
      if (derived === true) context.notice(`removed ${await removeDerived(folder, null)} derived files`);
      else if (specs.length === 0) throw usageError('Name the models to remove.', '`slm models list` lists them.');
      for (const spec of specs) {
        if ((await removeDerived(folder, spec)) > 0) {
          context.notice(`removed ${spec}`);
          continue;
        }
        const name = await nameInStore(spec, env, false);
        // An interrupted download takes room, too.
        if (unpin !== true && !hasLeftovers(env.dataDir, name)) await nameInStore(spec, env);
        const { notice: onNotice, signal } = context;
        await removeModel(env.dataDir, name, { unpin: unpin === true, onNotice, signal });
        context.notice(`removed ${spec}`);
      }
    });

  command
    .command('path')
    .description('print the path of an installed model')
    .argument('<model>')
    .action(async (spec: string) => {
      const env = modelEnvironment(context);
      print(modelPath(env.dataDir, await nameInStore(spec, env)));
    });

  return command;
}

async function showModel(context: CliContext, spec: string) {
  const env = modelEnvironment(context);
  const read = await readSpec(spec, env);
  if (read.kind === 'path') return modelDetails({ manifest: null, header: checkGguf(read.path), path: read.path });
  const { name, manifest } = read;
  const path = modelPath(env.dataDir, name);
  if (installedStats(env.dataDir, name) !== null) return modelDetails({ manifest, header: checkGguf(path), path });
  if (manifest === null) {
    throw modelError(`${spec} is not on this machine.`, `Fetch it with \`slm models pull ${spec}\`.`);
  }
  return modelDetails({ manifest, header: null, path: null });
}

async function verifyModels(
  context: CliContext,
  specs: readonly string[],
  all: boolean,
  print: (text: string) => void,
): Promise<void> {
  if (all && specs.length > 0) throw usageError('Name the models, or give --all.');
  const env = modelEnvironment(context);
  const names =
    specs.length === 0
      ? await installedNames(env.dataDir)
      : await Promise.all(specs.map((spec) => nameInStore(spec, env)));
  const derived = all ? await checkDerived(derivedFolder(cacheDirectory(context)), context.signal) : [];
  if (names.length + derived.length === 0) context.notice('no model is installed');
  let damaged = 0;
  for (const name of names) {
    try {
      const manifest = findManifest(name, env);
      const sha256 = await checkInstalled(env.dataDir, name, manifest, {
        rehash: true,
        signal: context.signal,
        onHash: () => checkGguf(modelPath(env.dataDir, name)),
      });
      print(`ok\t${name}\t${sha256}`);
    } catch (error) {
      if (!(error instanceof SlmError)) throw error;
      damaged++;
      print(`damaged\t${name}\t${messageOf(error)}`);
    }
  }
  for (const { name, path, sha256, intact } of derived) {
    if (!intact) damaged++;
    print(intact ? `ok\t${name}\t${sha256}` : `damaged\t${name}\t${path} has changed since it was made.`);
  }
  if (damaged > 0) {
    throw modelError(
      `${damaged} of ${names.length + derived.length} ${all ? '' : 'installed '}models ${damaged === 1 ? 'is' : 'are'} damaged.`,
      '`slm models rm NAME` removes one; it is downloaded again when needed.',
    );
  }
}

/** The name under which a model is (with `mustExist`, the default) in the store. */
async function nameInStore(spec: string, env: ModelEnvironment, mustExist = true): Promise<string> {
  const read = await readSpec(spec, env);
  if (read.kind === 'path') throw usageError(`${spec} is a file of your own, not a model that slm installed.`);
  if (mustExist && installedStats(env.dataDir, read.name) === null) {
    throw modelError(`${spec} is not installed.`, `Fetch it with \`slm models pull ${spec}\`.`);
  }
  return read.name;
}
