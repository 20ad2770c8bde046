import { methodNamed } from '../../methods/index.js';
import { loadProfile } from '../../profile/index.js';
import type { TaskProfile } from '../../types.js';
import { profileContext, type Surroundings } from '../surroundings.js';

/**
 * Reads a task and everything it names, and renders its prompt for an example.
 * @throws SlmError with the first problem
 */
export async function checkTask(context: Surroundings, spec: string): Promise<TaskProfile> {
  const profile = await loadProfile(spec, profileContext(context));
  // Templates are compiled where they are used; here, to see that they can be.
  const model = { format: 'base', chatTemplate: null, bosText: '', eosText: '' } as const;
  const use = profile.prompt.use === 'chat' ? 'base' : profile.prompt.use;
  const render = methodNamed(profile.method).renderer({ ...profile, prompt: { ...profile.prompt, use } }, model);
  for (const { record } of [...profile.examples, ...profile.fixtures].slice(0, 1)) render(record.fields);
  return profile;
}
