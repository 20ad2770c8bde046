import { compilePrompt, type PromptModel, type PromptText, type Segment } from '../prompt.js';
import type { TaskProfile } from '../types.js';

/**
 * The text between a model's turn and its next one, with a message of the user in it.
 * @param chat template of the user's message
 */
export function turnAfter(
  profile: TaskProfile,
  model: PromptModel,
  chat: string,
): (fields: Readonly<Record<string, unknown>>) => Segment[] {
  const render = compilePrompt({ ...profile, prompt: { instruction: '', base: '', chat, use: 'chat' } }, model, {
    shots: [{ fields: {}, target: 'yes' }],
  });
  return (fields) => afterTarget(render(fields));
}

function afterTarget({ prefix, input }: PromptText): Segment[] {
  const all = [...prefix, ...input];
  return all.slice(all.findLastIndex(({ field }) => field === 'examples.target') + 1);
}
