import { type CompiledTemplate, compileTemplate } from './template.js';

/** A turn of a conversation. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** Values that a chat template gets beside the turns. */
export interface ChatModel {
  readonly bosText: string;
  readonly eosText: string;
}

/**
 * A conversation as the model's own template writes it, up to where its answer begins.
 *
 * Where that is, a template shows best by an answer that it is given: some name a channel or a recipient before the
 * answer that their generation prompt leaves out (gpt-oss, Functionary). A model that thinks first gets its thought
 * closed, empty: a label is never scored inside a thought.
 * @param system the instruction; it stands in the first user turn where the template has no place for it
 * @throws Error of the template
 */
export function renderChat(source: string, model: ChatModel, system: string, turns: readonly Turn[]): string {
  const template = compileTemplate(source, { strftime_now: fixedDate });
  const place = placeOfSystem(template, model, system, turns);
  const generation = place({ turns, generation: true });
  const closed = withThoughtClosed(generation);
  if (closed !== null) return closed;
  const shown = beforeAnswer(place, turns);
  return shown?.startsWith(generation) ? shown : generation;
}

type Render = (request: { readonly turns: readonly Turn[]; readonly generation: boolean }) => string;

/**
 * How the template takes the instruction: as a system turn, or where it refuses one or leaves it out, in the first
 * user turn.
 */
function placeOfSystem(template: CompiledTemplate, model: ChatModel, system: string, turns: readonly Turn[]): Render {
  const asTurn: Render = (request) =>
    rendered(template, model, [{ role: 'system', content: system }, ...request.turns], request);
  const inFirst: Render = (request) => {
    const [first, ...rest] = request.turns as [Turn, ...Turn[]];
    return rendered(template, model, [{ ...first, content: `${system}\n\n${first.content}` }, ...rest], request);
  };
  const alone: Render = (request) => rendered(template, model, request.turns, request);
  if (system === '') return alone;
  try {
    const text = asTurn({ turns, generation: true });
    return text.includes(system.trim()) ? asTurn : inFirst;
  } catch {
    return inFirst;
  }
}

/** Variables that some templates use without testing whether they exist. */
const noTools = { tools: [], documents: [], functions: '', datetime: '' };

function rendered(
  template: CompiledTemplate,
  model: ChatModel,
  messages: readonly { readonly role: string; readonly content: string }[],
  { generation }: { readonly generation: boolean },
): string {
  const common = {
    messages: messages.map((message) => ({ ...message })),
    add_generation_prompt: generation,
    bos_token: model.bosText,
    eos_token: model.eosText,
    enable_thinking: false,
    // Qwen's, Granite's and gpt-oss's words for the same.
    thinking: false,
    reasoning_effort: 'low',
  };
  try {
    return template.render(common);
  } catch (error) {
    try {
      return template.render({ ...common, ...noTools });
    } catch {
      throw error;
    }
  }
}

/**
 * The date that templates write into the prompt: the same every day, since calibration and kept prefixes depend on
 * every word of a prompt. It is the one that Llama's template falls back to.
 */
function fixedDate(format: string): string {
  const parts: Readonly<Record<string, string>> = {
    '%Y': '2024',
    '%y': '24',
    '%m': '07',
    '%d': '26',
    '%b': 'Jul',
    '%B': 'July',
    '%A': 'Friday',
    '%a': 'Fri',
    '%H': '12',
    '%M': '00',
    '%S': '00',
  };
  return format.replace(/%[A-Za-z]/gu, (part) => parts[part] ?? part);
}

/** Markers that open a thought at the end of a prompt, and the markers that close it. */
const thoughts: readonly (readonly [RegExp, (opened: string) => string])[] = [
  [/<(think|thinking|thought|seed:think)>\s*$/u, (tag) => `</${tag}>`],
  [/\[(THINK)\]\s*$/u, (tag) => `[/${tag}]`],
  [/<\|START_(THINKING)\|>\s*$/u, (tag) => `<|END_${tag}|>`],
];

/** A generation prompt that opens a thought, with an empty one in its place; null where it opens none. */
function withThoughtClosed(generation: string): string | null {
  for (const [opening, closingOf] of thoughts) {
    const opened = opening.exec(generation);
    if (opened !== null) return `${generation.trimEnd()}\n\n${closingOf(opened[1] as string)}\n\n`;
  }
  return null;
}

/** A character of the private use area that stands for an answer. */
const answerMark = '\u{F0002}';

/** The conversation up to an answer that is there; null where the template does not show one. */
function beforeAnswer(render: Render, turns: readonly Turn[]): string | null {
  try {
    const text = render({ turns: [...turns, { role: 'assistant', content: answerMark }], generation: false });
    const at = text.lastIndexOf(answerMark);
    return at < 0 ? null : text.slice(0, at);
  } catch {
    return null;
  }
}
