import path from 'node:path';
import { methodOf } from '../../methods/index.js';
import { loadProfile } from '../../profile/index.js';
import { findTunedSettings, withTunedSettings } from '../../profile/tuned-settings.js';
import type { PromptModel } from '../../prompt.js';
import type { TaskProfile } from '../../types.js';
import { tunedFolders } from '../opening/tuned-settings.js';
import { profileContext, type Surroundings } from '../surroundings.js';
import { modelProblem } from './model-problem.js';
import { tunedFiles } from './tuned-files.js';

/** Models as templates see them. */
const models: readonly PromptModel[] = [
  { format: 'base', chatTemplate: null, bosText: '', eosText: '' },
  { format: 'chat', chatTemplate: '{% for m in messages %}{{ m.content }}{% endfor %}', bosText: '', eosText: '' },
];

/**
 * Reads a task and everything it names, with what was tuned for it, and renders its prompts for an example: what a run
 * would refuse is refused here.
 * @throws SlmError with the first problem
 */
export async function checkTask(surroundings: Surroundings, spec: string): Promise<TaskProfile> {
  const profile = await loadProfile(spec, {
    ...profileContext(surroundings),
    modelProblem: (model) => modelProblem(surroundings, model),
  });
  const tuned = tunedFiles(tunedFolders(surroundings, profile)).map((file) => {
    const found = findTunedSettings([path.dirname(file)], path.basename(file, '.yaml'), surroundings.cwd, profile.name);
    return found === null ? profile : withTunedSettings(profile, found, found.settings.modelSha256);
  });
  // A head can be used with the models only that it was trained for.
  const { headOf } = methodOf(profile);
  const needsTuning = headOf !== undefined;
  if (tuned.length === 0) headOf?.(profile);
  for (const each of needsTuning ? tuned : [profile, ...tuned]) checkRun(each);
  return profile;
}

function checkRun(profile: TaskProfile): void {
  const method = methodOf(profile);
  method.check?.(profile);
  // Templates are compiled where they are used; here, to see that they can be.
  for (const model of models) {
    if (model.format === 'base' && profile.prompt.use === 'chat') continue;
    const render = method.renderer(profile, model);
    for (const { record } of [...profile.examples, ...profile.fixtures].slice(0, 1)) render(record.fields);
  }
}
