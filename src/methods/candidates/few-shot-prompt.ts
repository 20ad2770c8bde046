import { compilePrompt, type FewShotExample, type PromptRenderer, tokenizePrompt } from '../../prompt.js';
import { labelsOf } from '../../task-types/classify/values.js';
import type { Example, Prompt, PromptTemplates, TaskProfile } from '../../types.js';
import { labelOf } from '../few-shot.js';
import type { LearnedExample, LearnedPrompt } from '../learned.js';
import { prefixLength, promptLength } from '../parts.js';
import { memo } from './memo.js';
import type { Template } from './templates.js';
import type { TuneSession } from './types.js';

/** Which examples stand in a prompt: the first of each label, those that are like most others, or those like the text. */
export type ExampleChoice = 'first' | 'varied' | 'nearest';

/** A prompt with some of the examples in it. */
export interface FewShotPrompt {
  readonly template: Template;
  readonly choice: ExampleChoice;
  /** Examples in it, in all. */
  readonly count: number;
  /** The few-shot examples; with `nearest`, the pool that they are chosen from. */
  readonly shots: readonly LearnedExample[];
  /** They are not learned from with this prompt, nor asked about: their answers are there to be read. */
  readonly inPrompt: ReadonlySet<Example>;
  /** The prompt of an example. */
  tokens(example: Example): Prompt;
  /** Tokens of the shared prefix: evaluated once, but every token after it attends to it. */
  readonly prefixTokens: number;
  /** Tokens beside the shared prefix, on average. */
  tokensPerRecord(examples: readonly Example[]): number;
}

/** A prompt, or several that differ in their examples and are averaged over. */
export type PromptGroup = readonly [FewShotPrompt, ...FewShotPrompt[]];

/** Share of the context that the longest prompt may take: the label comes after it, and a text may have more tokens in fewer characters. */
const fullest = 0.9;

/** A prompt with these examples for all texts. */
export function promptWith(
  session: TuneSession,
  template: Template,
  chosen: readonly Example[],
  choice: ExampleChoice = 'first',
): FewShotPrompt {
  const { profile } = template;
  const shots = examplesOf(profile, chosen);
  const render = compilePrompt(profile, session.engine.model, { shots: verbalized(profile, shots) });
  return {
    ...promptOf(session, template, render),
    choice,
    count: chosen.length,
    shots,
    inPrompt: new Set(chosen),
  };
}

/** Few-shot examples of the prompt. An example with several labels shows all of them, in the order of the task. */
export function examplesOf({ input, labels, multiLabel }: TaskProfile, chosen: readonly Example[]): LearnedExample[] {
  const saidOf = ({ gold }: Example) =>
    labels.filter(({ name }) => labelsOf(gold).includes(name)).map(({ word }) => word);
  return chosen.map((example) => ({
    fields: { [input]: example.record.text },
    label: multiLabel ? saidOf(example).join(', ') : labelOf(example),
  }));
}

export function verbalized({ labels }: TaskProfile, shots: readonly LearnedExample[]): FewShotExample[] {
  const words = new Map(labels.map(({ name, word }) => [name, word]));
  return shots.map(({ fields, label }) => ({ fields, target: words.get(label) ?? label }));
}

/** The common part of all prompts, however their examples are chosen. */
export function promptOf(
  { engine }: TuneSession,
  template: Template,
  render: PromptRenderer,
): Pick<FewShotPrompt, 'template' | 'tokens' | 'prefixTokens' | 'tokensPerRecord'> {
  const { profile } = template;
  const tokens = ({ record }: Example) =>
    tokenizePrompt(engine, render({ ...record.fields, [profile.input]: record.text }));
  return {
    template,
    tokens,
    prefixTokens: prefixLength(tokenizePrompt(engine, render({ [profile.input]: 'x' }))),
    // Many candidates share a prompt and ask for the same examples.
    tokensPerRecord: memo((examples: readonly Example[]) => {
      const few = examples.slice(0, 50);
      return few.reduce((sum, example) => sum + tokens(example).input.length, 0) / Math.max(1, few.length);
    }),
  };
}

/** Returns whether there is room for it, and for what comes after it. */
export function fits({ engine }: TuneSession, prompt: Prompt): boolean {
  return promptLength(prompt) <= fullest * engine.model.contextSize;
}

export function longestOf(examples: readonly Example[]): Example {
  return examples.reduce((a, b) => (b.record.text.length > a.record.text.length ? b : a));
}

export function shortestOf(examples: readonly Example[]): Example {
  return examples.reduce((a, b) => (b.record.text.length < a.record.text.length ? b : a));
}

/** How titles call prompts that are read together; they differ in their examples only. */
export function titleOf([first, ...further]: PromptGroup): string {
  const kind = { first: '', varied: 'varied ', nearest: 'nearest ' }[first.choice];
  const examples =
    further.length === 0
      ? `${first.count} ${kind}examples in the prompt`
      : `${1 + further.length} prompts with ${first.count} examples each`;
  return first.template.name === '' ? examples : `${examples}, ${first.template.name}`;
}

/** Tokens of a record beside the shared prefixes, on average; a text is read after each of the prompts. */
export function tokensAfter(prompts: PromptGroup, examples: readonly Example[]): number {
  return prompts.reduce((sum, prompt) => sum + prompt.tokensPerRecord(examples), 0);
}

/** The same for the same template and examples. */
export function keyOf([first, ...further]: PromptGroup): string {
  return `prompts=${1 + further.length} shots=${first.count} ${first.choice} template=${JSON.stringify([first.template.prompt?.base, first.template.words])}`;
}

/** The learned values of prompts. */
export function learnedFrom([first, ...further]: PromptGroup): LearnedPrompt {
  const plain = (shots: readonly LearnedExample[]) =>
    shots.map(({ fields, label }) => ({ fields: { ...fields }, label }));
  return {
    ...(first.template.prompt === null ? {} : { prompt: withoutVariants(first.template.prompt) }),
    ...(first.template.words === undefined ? {} : { verbalizers: { ...first.template.words } }),
    examples: plain(first.shots),
    ...(further.length === 0 ? {} : { ensemble: further.map(({ shots }) => plain(shots)) }),
  };
}

function withoutVariants({ instruction, base, chat, use }: PromptTemplates) {
  return { instruction, base, chat, use };
}
