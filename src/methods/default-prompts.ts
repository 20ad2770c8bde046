import type { TaskProfile } from '../types.js';
import { methodNamed } from './index.js';
import type { DefaultPrompt } from './types.js';

/** Templates for what a profile leaves out, with its own name for the main input. */
export function defaultTemplates(
  profile: Pick<TaskProfile, 'type' | 'multiLabel' | 'method' | 'input'>,
  usualInput: string,
): DefaultPrompt {
  const { instruction, base, chat } = methodNamed(profile.method).defaultPrompt(profile);
  const named = (template: string) => template.replaceAll(`{{ ${usualInput} }}`, `{{ ${profile.input} }}`);
  return { instruction, base: named(base), chat: named(chat) };
}
