import type { PromptTemplates, TaskProfile } from '../types.js';
import { methodNamed } from './index.js';
import type { DefaultPrompt } from './types.js';

/** Templates for what a profile leaves out, with its own name for the main input. */
export function defaultTemplates(
  profile: Pick<TaskProfile, 'type' | 'multiLabel' | 'method' | 'input'>,
  usualInput: string,
): DefaultPrompt {
  const { instruction, base, chat, use } = methodNamed(profile.method).defaultPrompt(profile);
  const named = (template: string) => template.replaceAll(`{{ ${usualInput} }}`, `{{ ${profile.input} }}`);
  return { instruction, base: named(base), chat: named(chat), use };
}

/**
 * The prompt that a profile gets: the one that it names, else the method's choice. A profile that writes a chat turn and
 * no completion prompt means the chat turn.
 */
export function chosenPrompt(
  written: {
    readonly use: PromptTemplates['use'];
    readonly base?: string | undefined;
    readonly chat?: string | undefined;
  },
  usual: DefaultPrompt['use'],
): PromptTemplates['use'] {
  if (written.use !== 'auto') return written.use;
  return written.chat !== undefined && written.base === undefined ? 'auto' : usual;
}
