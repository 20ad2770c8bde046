import { compilePrompt, type PromptModel, type PromptText, type Segment } from '../prompt.js';
import type { TaskProfile } from '../types.js';

/**
 * What stands after a model's turn where the user says something more, up to the model's next turn.
 * @param chat template of what the user says
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
