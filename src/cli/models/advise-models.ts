import { adviseModels, type MeasuredSpeed, type ModelAdvice } from '../../app/model-advice.js';
import { chooseModel } from '../../app/opening/choose-model.js';
import { isEmbedding } from '../../app/opening/embedding.js';
import { modelEnvironment, profileContext } from '../../app/surroundings.js';
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
  const own = process.memoryUsage.rss();
  return adviseModels(modelEnvironment(context), await chooseModel(context, {}, profile), {
    onProblem: context.notice,
    types: profile === null ? (Object.keys(taskTypes) as TaskType[]) : [profile.type],
    contextTokens: flags.contextSize,
    measure: flags.measure === true ? ({ name, path }) => measured(context, own, name, path) : null,
  });
}

async function loaded(context: CliContext, task: string) {
  const { loadProfile } = await import('../../profile/index.js');
  return loadProfile(task, profileContext(context));
}

/** With the default settings for streams. Memory is that of a process with this model alone. */
async function measured(context: CliContext, own: number, name: string, path: string): Promise<MeasuredSpeed> {
  context.notice(`measuring ${name}`);
  const resident = () => process.memoryUsage.rss();
  const options = { embeds: isEmbedding({ path }), now: context.now, resident, signal: context.signal };
  const speed = await engines.llama.measureModel({ path, name, sha256: null }, options);
  return { ...speed, memory: own + speed.memory };
}
