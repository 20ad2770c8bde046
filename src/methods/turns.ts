import { compilePrompt, type FewShotExample, type PromptModel, type PromptRenderer } from '../prompt.js';
import type { ChatTurn, TaskProfile } from '../types.js';

/** Begins a turn, and ends its role. Data keeps none of them. */
const turnMark = '\u0001';
const roleMark = '\u0002';

/** A model whose chat template only says where turns begin. */
const modelWith = (before: string, after: string): PromptModel => ({
  format: 'chat',
  chatTemplate: `{% for message in messages %}${before}{{ message.role }}${after}{{ message.content }}{% endfor %}`,
  bosText: '',
  eosText: '',
});
const turnModel = modelWith(turnMark, roleMark);
const shownModel = modelWith('\n', ': ');

interface TurnOptions {
  readonly shots: readonly FewShotExample[];
  readonly keepLines?: boolean;
}

/** The prompt of a profile for models that take conversations: `asTurns` makes turns of what it gives. */
export function turnRenderer(profile: TaskProfile, options: TurnOptions): PromptRenderer {
  return compilePrompt(inTurns(profile), turnModel, options);
}

/** The same for people to read. */
export function shownTurns(profile: TaskProfile, options: TurnOptions): PromptRenderer {
  return compilePrompt(inTurns(profile), shownModel, options);
}

function inTurns(profile: TaskProfile): TaskProfile {
  return { ...profile, prompt: { ...profile.prompt, use: 'chat' } };
}

/** The turns of a rendered prompt. */
export function asTurns({ prefix, input }: ReturnType<PromptRenderer>): ChatTurn[] {
  const text = [...prefix, ...input]
    .map((segment) => (segment.field === null ? segment.text : withoutMarks(segment.text)))
    .join('');
  const turns = text
    .split(turnMark)
    .filter((turn) => turn !== '')
    .map((turn) => {
      const [role = 'user', ...content] = turn.split(roleMark);
      return { role: role as ChatTurn['role'], text: content.join(roleMark).trim() };
    });
  // The prompt ends where an answer begins: that turn is the model's.
  return turns.at(-1)?.role === 'assistant' ? turns.slice(0, -1) : turns;
}

function withoutMarks(text: string): string {
  return text.replaceAll(turnMark, ' ').replaceAll(roleMark, ' ');
}

/** The instruction of a profile, which is given once, without the list of labels or the record. */
export function instructionOf(profile: TaskProfile): string {
  const bare = { ...profile, prompt: { ...profile.prompt, chat: '.' } };
  const [first] = asTurns(turnRenderer(bare, { shots: [] })({}));
  return first?.role === 'system' ? first.text : '';
}

/** Labels a line each, with what they mean. */
export function labelLines(labels: TaskProfile['labels']): string {
  return labels.map(({ name, description }) => `- ${name}${description && `: ${description}`}`).join('\n');
}
