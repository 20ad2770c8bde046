import { usesChat } from '../../prompt.js';
import { compileTemplate } from '../../template.js';
import type { PromptTemplates, TaskProfile } from '../../types.js';
import { decisionPrompt } from '../usual-prompts.js';
import type { TuneSession } from './types.js';

/** A way to put a text to the model, and to call the labels. */
export interface Template {
  /** Name in keys and titles; the task's own template has none. */
  readonly name: string;
  /** The task with this template. */
  readonly profile: TaskProfile;
  /** The templates that tuned settings store; null for the task's own. */
  readonly prompt: PromptTemplates | null;
  /** The verbalizer of each label; left out for the task's own. */
  readonly words?: Readonly<Record<string, string>>;
}

/** Number of templates beside the task's own: each costs a reading of all examples. */
const most = 2;

/** Templates for tasks without variants. Any label may follow them. */
const general = ['{{ text }}\nThis is about:', '{{ text }}\nIn a word:'];

/** The task as it puts a text itself. */
export function ownTemplate(profile: TaskProfile): Template {
  return { name: '', profile, prompt: null };
}

/**
 * Template for heads of tasks with several labels at once. The task's own template may ask about one label at a time. Here
 * all labels that hold follow the text, so that the model's expectation there says what the text is about.
 */
export function labelsTemplate(profile: TaskProfile): Template {
  const { variants: _, ...prompt } = profile.prompt;
  const lines = prompt.base.split('\n');
  const asked = lines.findIndex((line) => /\b(?:label|description)\b/u.test(line));
  if (asked === -1) return ownTemplate(profile);
  const above = lines.slice(0, asked).join('\n');
  const text = showsInput(above, profile.input) ? above : `Text: {{ ${profile.input} }}`;
  const changed: PromptTemplates = {
    ...prompt,
    instruction:
      prompt.instruction === decisionPrompt.instruction
        ? 'Name the labels that hold for the text.'
        : prompt.instruction,
    base: `${text}\nLabels:`,
    use: 'base',
  };
  return { name: '', profile: { ...profile, prompt: changed }, prompt: changed };
}

/** Returns whether it is a whole template that shows the input: it is cut out of another one. */
function showsInput(template: string, input: string): boolean {
  const [mark, other] = ['one text', 'another text'];
  try {
    const compiled = compileTemplate(template);
    return compiled.render({ [input]: mark }) !== compiled.render({ [input]: other });
  } catch {
    return false;
  }
}

/**
 * The task's own template first, then others that the labels can follow: the variants of the profile, or general
 * ones; for a model with a chat format the other of chat turn and completion prompt; and the own one with plainer words
 * for the labels, where there are any.
 */
export function templatesFor({ profile, engine }: TuneSession): Template[] {
  const { variants: named, ...prompt } = profile.prompt;
  const plain = (name: string, base: string): Template => {
    const changed: PromptTemplates = { ...prompt, base, use: 'base' };
    return { name, profile: { ...profile, prompt: changed }, prompt: changed };
  };
  const variants = named ?? general.map((base) => base.replace('{{ text }}', `{{ ${profile.input} }}`));
  const chat = usesChat(profile, engine.model);
  const others = [
    ...(chat ? [plain('without the chat format', prompt.base)] : []),
    ...variants.filter((base) => base !== prompt.base).map((base) => plain(JSON.stringify(lastLine(base)), base)),
  ];
  const turn =
    chat || engine.model.format !== 'chat' || engine.model.chatTemplate === null ? [] : [inChatTurn(profile)];
  return [ownTemplate(profile), ...others.slice(0, most), ...turn, ...plainerWords(profile)];
}

/**
 * A template without its instruction, for a task with more labels than there is room for in it: a head needs no list of
 * them, and label scores name them.
 */
export function withoutInstruction({ name, profile, ...others }: Template): Template {
  const { variants: _, ...own } = profile.prompt;
  const prompt: PromptTemplates = { ...own, instruction: '' };
  const title = name === '' ? 'without instruction' : `${name}, without instruction`;
  return { ...others, name: title, profile: { ...profile, prompt }, prompt };
}

/** The template in a chat turn, for a model with a chat format whose task does not use it. */
function inChatTurn(profile: TaskProfile): Template {
  const { variants: _, ...prompt } = profile.prompt;
  const changed: PromptTemplates = { ...prompt, use: 'chat' };
  return { name: 'in the chat format', profile: { ...profile, prompt: changed }, prompt: changed };
}

/** The names of the labels as one would say them: `card_arrival` and `cardArrival` are "card arrival". */
function plainerWords(profile: TaskProfile): Template[] {
  const labels = profile.labels.map((label) => ({ ...label, word: spoken(label.name) }));
  const words = new Set(labels.map(({ word }) => word));
  const changed = labels.some(({ word }, i) => word !== profile.labels[i]?.word);
  if (!changed || words.size < labels.length || words.has('')) return [];
  return [
    {
      name: 'labels in plain words',
      profile: { ...profile, labels },
      prompt: null,
      words: Object.fromEntries(labels.map(({ name, word }) => [name, word])),
    },
  ];
}

function spoken(name: string): string {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/[\s_\-./:]+/gu, ' ')
    .trim()
    .toLowerCase();
}

function lastLine(template: string): string {
  return template.trim().split('\n').at(-1) as string;
}
