import type { TaskFlags } from '../../app/opening/flags.js';
import type { UsedFile } from '../../app/run/files-read.js';
import type { Input } from '../../app/run/inputs.js';
import { profileContext } from '../../app/surroundings.js';
import type { TaskProfile } from '../../types.js';
import type { CliContext } from '../context.js';
import { outputPath, type PlaceFlags } from './claim-place.js';
import { refuseOverwriting, requireFolders, standardOutput } from './overwriting.js';

interface RunFiles extends TaskFlags, PlaceFlags {
  stats?: string | true;
  text?: string[];
}

/** Refuses a run that would write over what it reads. With --retry-failed the output may be the input. */
export async function keepRunFiles(
  context: CliContext,
  task: string,
  inputs: readonly Input[],
  flags: RunFiles,
): Promise<void> {
  const named = outputPath(flags);
  const output = outputFile(named, '-o');
  requireFolders(context.cwd, [output, ...outputFiles(flags.stats, '--stats')]);
  const others = [...outputFiles(flags.stats, '--stats'), ...(await filesBeside(named))];
  const read = flags.text === undefined ? inputs.map(({ source }) => inputFile(source.file, 'an input')) : [];
  await refuseOverwriting(context.cwd, flags.retryFailed === true ? others : [output, ...others], read);
  await refuseOverwriting(context.cwd, [output, ...others], [], async () => {
    const [{ loadProfile }, { chooseModel }, { filesRead }] = await loaded();
    const profile = await loadProfile(task, profileContext(context));
    return filesRead(context, profile, [await chooseModel(context, flags, profile)], flags.context);
  });
}

/** Refuses a command that would write over what it measures, or learns from. */
export async function keepFiles(
  context: CliContext,
  profile: TaskProfile,
  models: readonly string[],
  written: readonly UsedFile[],
  flags: { readonly data?: string; readonly context?: string[] },
  further: readonly UsedFile[] = [],
): Promise<void> {
  const read = [...(flags.data === undefined ? [] : [inputFile(flags.data, '--data')]), ...further];
  await refuseOverwriting(context.cwd, [outputFile(undefined, ''), ...written], read, async () => {
    const [, , { filesRead }] = await loaded();
    return filesRead(context, profile, models, flags.context);
  });
}

/** The file of an option that may be left out. */
export function outputFiles(path: string | true | undefined, what: string): UsedFile[] {
  return typeof path === 'string' ? [{ path, what }] : [];
}

function outputFile(path: string | undefined, what: string): UsedFile {
  return path === undefined ? { path: '-', what: standardOutput } : { path, what };
}

function inputFile(path: string, what: string): UsedFile {
  return { path, what: path === '-' ? 'standard input' : what };
}

/** The files that a job keeps beside its output. */
async function filesBeside(output: string | undefined): Promise<UsedFile[]> {
  if (output === undefined) return [];
  const { jobFiles } = await import('../../jobs/job.js');
  return Object.values(jobFiles(output)).map((path) => ({ path, what: 'kept for --resume' }));
}

/** Only where something is there that could be lost: a run with a warm host reads no task. */
function loaded() {
  return Promise.all([
    import('../../profile/index.js'),
    import('../../app/opening/choose-model.js'),
    import('../../app/run/files-read.js'),
  ]);
}
