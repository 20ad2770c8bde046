import { usesChat } from '../prompt.js';
import type { PromptTemplates, TaskProfile } from '../types.js';
import type { TuneSession } from './types.js';

/** A way to put a text to the model. */
export interface Template {
  /** For keys and titles; the task's own has none. */
  readonly name: string;
  /** The task with this template. */
  readonly profile: TaskProfile;
  /** What an overlay takes over; null for the task's own. */
  readonly prompt: PromptTemplates | null;
}

/** Beside the task's own: each costs a reading of all examples. */
const most = 2;

/** For tasks that bring no variants: whatever the labels are, they may follow here. */
const general = ['{{ text }}\nThis is about:', '{{ text }}\nIn a word:'];

/** The task as it puts a text itself. */
export function ownTemplate(profile: TaskProfile): Template {
  return { name: '', profile, prompt: null };
}

/**
 * The task's own template first, then others that the labels can follow: for a model with a chat format the plain one,
 * and the variants of the profile, or general ones.
 */
export function templatesFor({ profile, engine }: TuneSession): Template[] {
  const { variants: named, ...prompt } = profile.prompt;
  const plain = (name: string, base: string): Template => {
    const changed: PromptTemplates = { ...prompt, base, use: 'base' };
    return { name, profile: { ...profile, prompt: changed }, prompt: changed };
  };
  const variants = named ?? general.map((base) => base.replace('{{ text }}', `{{ ${profile.input} }}`));
  const others = [
    ...(usesChat(profile, engine.model) ? [plain('without the chat format', prompt.base)] : []),
    ...variants.filter((base) => base !== prompt.base).map((base) => plain(JSON.stringify(lastLine(base)), base)),
  ];
  return [ownTemplate(profile), ...others.slice(0, most)];
}

function lastLine(template: string): string {
  return template.trim().split('\n').at(-1) as string;
}
