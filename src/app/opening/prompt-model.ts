import { existsSync } from 'node:fs';
import { serviceOf } from '../../engines/index.js';
import { usageError } from '../../errors.js';
import { checkGguf } from '../../gguf/check.js';
import { summarize } from '../../gguf/summary.js';
import { modelPath, readSpec } from '../../models/index.js';
import type { PromptModel } from '../../prompt.js';
import type { TaskProfile } from '../../types.js';
import { modelEnvironment, type Surroundings } from '../surroundings.js';

/**
 * The properties of a model that a prompt depends on, without loading or fetching it. They come from the header of the
 * file where it is installed, else from the catalogue.
 */
export async function promptModel(
  surroundings: Surroundings,
  spec: string,
  profile: TaskProfile,
): Promise<PromptModel> {
  // A service renders by itself what it is given.
  if (serviceOf(spec) !== null) return { format: 'base', chatTemplate: null, bosText: '', eosText: '' };
  const environment = modelEnvironment(surroundings);
  const found = await readSpec(spec, environment);
  const manifest = found.kind === 'named' ? found.manifest : null;
  const file = found.kind === 'path' ? found.path : modelPath(environment.dataDir, found.name);
  if (existsSync(file)) {
    const summary = summarize(checkGguf(file));
    const chatTemplate = manifest?.template ?? summary.chatTemplate;
    // The markers only show in the prompt of a chat model, whose template mostly writes them itself.
    return {
      format: manifest?.format ?? (chatTemplate === null ? 'base' : 'chat'),
      chatTemplate,
      bosText: '',
      eosText: '',
      parameters: summary.parameters,
    };
  }
  const format = manifest?.format ?? 'base';
  const chatTemplate = manifest?.template ?? null;
  const needsTemplate = profile.prompt.use === 'chat' || (profile.prompt.use === 'auto' && format === 'chat');
  if (needsTemplate && chatTemplate === null) {
    throw usageError(
      `the chat template of "${spec}" is in its model file, which is not installed`,
      `Fetch it first: slm models pull ${spec}`,
    );
  }
  return { format, chatTemplate, bosText: '', eosText: '' };
}
