import { tunedFolders } from '../../app/opening/tuned-settings.js';
import { modelProblem } from '../../app/tasks/model-problem.js';
import { tunedModels } from '../../app/tasks/tuned-files.js';
import { tuneReport } from '../../app/tuning/tune-report.js';
import { planTuning, resetTuning, type TuneFlags, tunedFiles, tuneTask } from '../../app/tuning/tune-task.js';
import { exitCodes, modelError } from '../../errors.js';
import { shownPath } from '../../profile/paths.js';
import { jsonText } from '../../terminal-text.js';
import type { CliContext } from '../context.js';
import { keepFiles, outputFiles } from '../output/keep-files.js';
import { requireFolders } from '../output/overwriting.js';
import { writeNamed } from '../output/write-named.js';
import { tunePage } from './tune-page.js';
import { createTuneProgress } from './tune-progress.js';
import { tuneReportText } from './tune-report.js';

export interface TuneCommandFlags extends Omit<TuneFlags, 'curves' | 'data'> {
  data?: string;
  reset?: boolean;
  json?: boolean;
  report?: string;
}

/** Tunes a task, shows how far that is, and what it has brought. */
export async function tune(context: CliContext, task: string, flags: TuneCommandFlags): Promise<void> {
  requireFolders(context.cwd, outputFiles(flags.report, '--report'));
  const planned = await planTuning(context, task, flags);
  const written = tunedFiles(planned).map((file) => ({ path: file, what: 'the tuned settings' }));
  const outputs = [...outputFiles(flags.report, '--report'), ...written];
  const models = [planned.model, ...(flags.teacher === undefined ? [] : [flags.teacher])];
  const texts = flags.unlabelled === undefined ? [] : [{ path: flags.unlabelled, what: '--unlabelled' }];
  await keepFiles(context, planned.profile, models, outputs, flags, texts);
  const progress = await createTuneProgress(context);
  try {
    const tuned = await tuneTask(progress.context, planned, { ...flags, curves: flags.report !== undefined });
    progress.end();
    const { profile, result } = tuned;
    if (flags.report !== undefined) {
      writeNamed(context.cwd, flags.report, tunePage(tuned), 'The task is tuned all the same.');
      context.notice(`report: ${flags.report}`);
    }
    const file = tuned.file === null ? null : shownPath(tuned.file, context.cwd);
    if (flags.json === true) context.stdout.write(jsonText(tuneReport(tuned, file)));
    else context.print(tuneReportText(profile, result, file, tuned.taught));
    if (context.interrupted()) context.exit(exitCodes.interrupted);
  } catch (error) {
    if (context.interrupted()) {
      progress.end();
      for (const line of interruptedLines(flags)) context.notice(line);
    }
    throw error;
  } finally {
    progress.end();
  }
}

/** What is kept: with more labels of a teacher, trials are others. */
function interruptedLines({ teacher }: TuneCommandFlags): string[] {
  if (teacher !== undefined)
    return [
      'interrupted: nothing was installed. Labels of the teacher are kept: the same command continues from there',
    ];
  return [
    'interrupted: nothing was installed. Finished trials are kept:',
    'the same command continues from there; with --budget 1s it installs the best candidate so far',
  ];
}

/**
 * Removes what was tuned of a task for a model from where it would be written.
 * @throws SlmError of kind `model` where nothing is tuned for such a model, and there is none
 */
export async function reset(context: CliContext, task: string, flags: TuneCommandFlags): Promise<void> {
  const planned = await planTuning(context, task, flags);
  const { profile, model } = planned;
  if (resetTuning(planned)) {
    context.notice(`removed the tuned settings of ${profile.name} for ${model}`);
    return;
  }
  const others = tunedModels([planned.folder]);
  const tuned = others.length === 0 ? 'It is tuned for no model' : `It is tuned for ${others.join(', ')}`;
  // A misspelt model would leave the settings in use.
  const problem = await modelProblem(context, model);
  if (problem !== null) throw modelError(`no tuned settings of ${profile.name} were removed: ${problem}`, `${tuned}.`);
  const [, shipped] = tunedFolders(context, profile);
  if (flags.into === undefined && shipped !== undefined && tunedModels([shipped]).includes(planned.settings)) {
    context.notice(`${profile.name} has no tuned settings of yours for ${model}; those that slm ships stay in use.`);
    context.notice('`--untuned` runs the task without them');
    return;
  }
  context.notice(`${profile.name} was not tuned for ${model}. ${tuned}.`);
}
