import { failure } from '../../errors.js';
import type { Decider } from '../../types.js';
import type { ServiceOptions } from '../types.js';
import type { AnsweredToken, Ask } from './chat.js';

/** A letter is one token in every vocabulary; beyond that, the numbers of options are several. */
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const maxTokens = 64;

/**
 * Decides by a chat: the options get a letter each, and the answer is one of them. Probabilities are those of the letters
 * where the answer stands; where a service gives none, the answer has 1 and the others 0.
 */
export function decideByChat(ask: Ask, { reference, onNotice }: Pick<ServiceOptions, 'reference' | 'onNotice'>) {
  let told = false;
  const decide: Decider['decide'] = async ({ instruction, text, options, image }, { signal } = {}) => {
    const names = options.map((_, i) => letters[i] ?? String(i + 1));
    const list = options.map(({ name, description }, i) => `${names[i]}: ${name}${description && ` (${description})`}`);
    const system = `${instruction}\n\nAnswer with the letter or number of one of these options:\n${list.join('\n')}`;
    const schema = {
      type: 'object',
      properties: { option: { type: 'string', enum: names } },
      required: ['option'],
      additionalProperties: false,
    };
    const turns = [
      { role: 'system' as const, text: system.trim() },
      { role: 'user' as const, text, ...(image === undefined ? {} : { image }) },
    ];
    const logprobs = options.length <= letters.length;
    const answer = await ask(turns, {
      maxTokens,
      schema,
      stop: [],
      logprobs,
      ...(signal === undefined ? {} : { signal }),
    });
    const chosen = names.indexOf(answered(answer.text));
    if (chosen < 0) throw failure(`${reference} gave none of the options`);
    const found = answer.logprobs === null ? null : probabilities(answer.logprobs, names, names[chosen] as string);
    if (found !== null) return found;
    if (!told) onNotice(`${reference} gives no probabilities: its answers have a score of 1`);
    told = true;
    return options.map((_, i) => (i === chosen ? 1 : 0));
  };
  return decide;
}

function answered(text: string): string {
  try {
    return String((JSON.parse(text) as { option?: unknown }).option);
  } catch {
    return '';
  }
}

/** The share of each option among those that could have stood in the place of the answer; null where it is not found. */
function probabilities(tokens: readonly AnsweredToken[], names: readonly string[], chosen: string): number[] | null {
  const place = tokens.findLast(({ token }) => bare(token) === chosen);
  if (place === undefined) return null;
  const weight = new Map<string, number>();
  // Whatever a server calls log-probabilities: less the greatest, none is too large to be a number.
  const greatest = Math.max(...place.alternatives.values());
  for (const [token, logprob] of place.alternatives)
    weight.set(bare(token), (weight.get(bare(token)) ?? 0) + Math.exp(logprob - greatest));
  const each = names.map((name) => weight.get(name) ?? 0);
  const sum = each.reduce((a, b) => a + b, 0);
  return sum === 0 ? null : each.map((value) => value / sum);
}

/** `"A`, ` A` and `A"}` are the letter too. */
function bare(token: string): string {
  return token.replace(/[^\p{L}\p{N}]/gu, '');
}
