import { balancedShots } from '../methods/shots.js';
import { compilePrompt, type PromptRenderer, tokenizePrompt } from '../prompt.js';
import type { Example, Prompt, TunedShot } from '../types.js';
import { ownTemplate, type Template } from './templates.js';
import type { TuneSession } from './types.js';

/** A prompt with some of the examples in it. */
export interface ShotPrompt {
  readonly template: Template;
  /** Examples in it, in all. */
  readonly count: number;
  readonly shots: readonly TunedShot[];
  /** They are not learned from with this prompt, nor asked about: their answers are there to be read. */
  readonly inPrompt: ReadonlySet<Example>;
  /** The prompt of an example. */
  tokens(example: Example): Prompt;
  /** Tokens beside the shared prefix, on average. */
  tokensPerRecord(examples: readonly Example[]): number;
}

/** Tokens of an example in the prompt. */
const longestShot = 64;
/** Share of the context that the longest prompt may take: the label comes after it, and a text may have more tokens in fewer characters. */
const fullest = 0.9;

/** Prompts with so many examples each, as far as there are enough; 0 is the prompt without. No two are the same. */
export function shotPrompts(
  session: TuneSession,
  examples: readonly Example[],
  counts: readonly number[],
  template: Template = ownTemplate(session.profile),
): ShotPrompt[] {
  const prompts = counts.map((count) =>
    count === 0 ? promptWith(session, template, []) : shotPrompt(session, template, examples, count),
  );
  return prompts.filter(
    (prompt, i): prompt is ShotPrompt =>
      prompt !== null && prompts.findIndex((other) => other?.count === prompt.count) === i,
  );
}

/**
 * Further prompts with as many examples as one has, no example in two of them, each beginning with another label: the
 * last label before the text is said too readily. Null where there are not enough.
 * @param most how many
 */
export function furtherPrompts(
  session: TuneSession,
  examples: readonly Example[],
  first: ShotPrompt,
  most: number,
): ShotPrompt[] | null {
  const taken = new Set(first.inPrompt);
  const prompts: ShotPrompt[] = [];
  while (prompts.length < most) {
    const next = shotPrompt(session, first.template, examples, first.count, taken, prompts.length + 1);
    if (next === null || next.count < first.count) return null;
    for (const example of next.inPrompt) taken.add(example);
    prompts.push(next);
  }
  return prompts;
}

/**
 * A prompt with `count` examples, as many of each label; null where there are not enough, or no room. Where a label is
 * rare, there are fewer of it, and none more of the others.
 * @param taken examples that stand in other prompts already
 * @param turn which label comes first
 */
function shotPrompt(
  session: TuneSession,
  template: Template,
  examples: readonly Example[],
  count: number,
  taken: ReadonlySet<Example> = new Set(),
  turn = 0,
): ShotPrompt | null {
  const { profile, engine } = session;
  const pool = shotPool(session, examples, Math.ceil(count / profile.labels.length), taken);
  const first = turn % profile.labels.length;
  const chosen = balancedShots(pool, [...profile.labels.slice(first), ...profile.labels.slice(0, first)], count);
  // A label that is not shown would hardly ever be said.
  const shown = new Set(chosen.map(labelOf));
  if (examples.some((example) => !shown.has(labelOf(example)))) return null;
  const prompt = promptWith(session, template, chosen);
  const [longest] = [...examples].sort((a, b) => b.record.text.length - a.record.text.length);
  const { prefix, input } = prompt.tokens(longest as Example);
  const tokens = prefix.reduce((sum, part) => sum + part.length, input.length);
  return tokens > fullest * engine.model.contextSize ? null : prompt;
}

/**
 * What may stand in a prompt: short examples, and of each label a third at most, since what stands there is neither
 * learned from nor measured.
 */
function shotPool(
  { profile, engine }: TuneSession,
  examples: readonly Example[],
  most: number,
  taken: ReadonlySet<Example>,
): Example[] {
  return profile.labels.flatMap(({ name }) => {
    const own = examples.filter((example) => labelOf(example) === name);
    const short = own.filter(({ record }) => engine.tokenize(record.text).length <= longestShot);
    return short
      .slice(0, Math.floor(own.length / 3))
      .filter((example) => !taken.has(example))
      .slice(0, most);
  });
}

function promptWith({ engine }: TuneSession, template: Template, chosen: readonly Example[]): ShotPrompt {
  const { profile } = template;
  const words = new Map(profile.labels.map(({ name, word }) => [name, word]));
  const shots = chosen.map((example) => ({
    fields: { [profile.input]: example.record.text },
    label: labelOf(example),
  }));
  const render: PromptRenderer = compilePrompt(profile, engine.model, {
    shots: shots.map(({ fields, label }) => ({ fields, target: words.get(label) as string })),
  });
  const tokens = ({ record }: Example) =>
    tokenizePrompt(engine, render({ ...record.fields, [profile.input]: record.text }));
  return {
    template,
    count: chosen.length,
    shots,
    inPrompt: new Set(chosen),
    tokens,
    tokensPerRecord(examples) {
      const few = examples.slice(0, 50);
      return few.reduce((sum, example) => sum + tokens(example).input.length, 0) / Math.max(1, few.length);
    },
  };
}

function labelOf({ gold }: Example): string {
  return gold.type === 'classify' ? (gold.labels[0] ?? '') : '';
}

/** How titles call prompts that are read together; they differ in their examples only. */
export function titleOf([first, ...further]: PromptGroup): string {
  const examples =
    further.length === 0
      ? `${first.count} examples in the prompt`
      : `${1 + further.length} prompts with ${first.count} examples each`;
  return first.template.name === '' ? examples : `${examples}, ${first.template.name}`;
}

/** The same for the same template and examples. */
export function keyOf([first, ...further]: PromptGroup): string {
  return `prompts=${1 + further.length} shots=${first.count} template=${JSON.stringify(first.template.prompt?.base ?? null)}`;
}

/** What an overlay takes over from prompts. */
export function foundIn([first, ...further]: PromptGroup) {
  return {
    shots: first.shots,
    ...(first.template.prompt === null ? {} : { prompt: first.template.prompt }),
    ...(further.length === 0 ? {} : { moreShots: further.map(({ shots }) => shots) }),
  };
}

/** A prompt, or several that differ in their examples and are averaged over. */
export type PromptGroup = readonly [ShotPrompt, ...ShotPrompt[]];
