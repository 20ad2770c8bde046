import { adviseModels, type ModelAdvice } from '../../app/model-advice.js';
import { chooseModel } from '../../app/opening/open.js';
import { modelEnvironment, profileContext } from '../../app/surroundings.js';
import { cpuBudget } from '../../engines/cpu-budget.js';
import { engines } from '../../engines/index.js';
import { taskTypes } from '../../task-types/index.js';
import type { TaskType } from '../../types.js';
import type { CliContext } from '../context.js';

export interface AdviseFlags {
  task?: string;
  contextSize: number;
  measure?: boolean;
  json?: boolean;
}

/** `slm models advise`: for the type of one task, or all types. */
export async function advise(context: CliContext, flags: AdviseFlags): Promise<ModelAdvice> {
  const profile = flags.task === undefined ? null : await loaded(context, flags.task);
  return adviseModels(modelEnvironment(context), await chooseModel(context, {}, profile), {
    types: profile === null ? (Object.keys(taskTypes) as TaskType[]) : [profile.type],
    contextTokens: flags.contextSize,
    measure: flags.measure === true ? ({ name, path }) => measured(context, name, path) : null,
  });
}

async function loaded(context: CliContext, task: string) {
  const { loadProfile } = await import('../../profile/index.js');
  return loadProfile(task, profileContext(context));
}

/** New tokens a second of records as a task has them, with the default settings for streams. */
async function measured(context: CliContext, name: string, path: string): Promise<number> {
  const { candidatesFor, measureCandidates } = await engines.llama.speed();
  context.notice(`measuring ${name}`);
  const options = { rounds: 1, now: context.now, onProgress: () => undefined, signal: context.signal };
  const usual = candidatesFor(cpuBudget()).slice(0, 1);
  const [found] = await measureCandidates({ path, name, sha256: null }, usual, options);
  return found?.tokensPerSecond[0] as number;
}
