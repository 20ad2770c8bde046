import { type PromptText, type Segment, tokenizePrefix, tokenizeSegments } from '../prompt.js';
import type { Engine, Prompt, TaskProfile, Token, Tokenizer } from '../types.js';

/**
 * Cuts a record's own part of the prompt before the first of the named fields: what comes before is the same for
 * all values of those fields, and is evaluated once for all of them.
 */
export function splitAtField(text: PromptText, fields: readonly string[]): { shared: Segment[]; varying: Segment[] } {
  const at = text.input.findIndex((segment) => segment.field !== null && fields.includes(segment.field));
  if (at === -1) return { shared: [], varying: [...text.input] };
  return { shared: text.input.slice(0, at), varying: text.input.slice(at) };
}

/** The prompt with a second part for what all values of the named fields share. */
export function splitPrompt(
  engine: Pick<Tokenizer, 'tokenize' | 'bos'>,
  text: PromptText,
  fields: readonly string[],
): Prompt {
  const { shared, varying } = splitAtField(text, fields);
  return {
    prefix: [tokenizePrefix(engine, text.prefix), tokenizeSegments(engine, shared)].filter((part) => part.length > 0),
    input: tokenizeSegments(engine, varying),
  };
}

/**
 * The same prompt, with the first of its own tokens as a prefix: what begins with them and is asked after it reads them
 * once.
 * @param count by default all but the last one
 */
export function readOnce({ prefix, input }: Prompt, count = input.length - 1): Prompt {
  return { prefix: [...prefix, input.slice(0, count)], input: input.slice(count) };
}

/** Tokens that both begin with. */
export function sharedLength(a: readonly Token[], b: readonly Token[]): number {
  const end = a.findIndex((token, i) => token !== b[i]);
  return end === -1 ? a.length : end;
}

/**
 * Tokens that a text may have, so that a prompt with it fits into the context; a template may show it several times.
 * @param around the prompt around a text
 * @param taken tokens of what is around it and comes after it
 */
export function roomForText(
  { model }: Pick<Engine, 'model'>,
  { input }: Pick<TaskProfile, 'input'>,
  around: PromptText,
  taken: number,
): number {
  const copies = around.input.filter(({ field }) => field === input).length;
  return Math.floor((model.contextSize - taken) / Math.max(1, copies));
}

/** Tokens of a whole prompt. */
export function promptLength(prompt: Prompt): number {
  return prefixLength(prompt) + prompt.input.length;
}

/** Tokens that a prompt begins with, and others may begin with, too. */
export function prefixLength({ prefix }: Prompt): number {
  return prefix.reduce((sum, part) => sum + part.length, 0);
}
