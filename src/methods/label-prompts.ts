import type { z } from 'zod';
import { compilePrompt, type PromptModel, type PromptRenderer, type PromptText, tokenizePrompt } from '../prompt.js';
import type { Engine, TaskProfile, Tokenizer } from '../types.js';
import { ensembleExamples, examplePool, labelExamples } from './few-shot.js';
import { type exampleChoice, longestExamples, nearestRenderer } from './nearest-examples.js';
import { promptLength, roomForText } from './parts.js';

export interface ExampleOptions {
  /** How many, where tuning has not chosen them. */
  readonly shots: number;
  readonly choice: z.output<typeof exampleChoice>;
}

/** The prompts that a text is read after: the task's own, and those with other examples that tuning has found. */
export interface LabelPrompts {
  render(fields: Readonly<Record<string, unknown>>): PromptText[];
  /** Tokens that a text may have, so that there is room in the context for the prompt around it and so many more. */
  longestText(more: number): number;
  readonly several: boolean;
}

/** The profile's own prompt, up to where the model would say the label. */
export function labelRenderer(
  profile: TaskProfile,
  model: PromptModel,
  { shots, choice }: ExampleOptions,
): PromptRenderer {
  return choice === 'nearest' && shots > 0
    ? nearestRenderer(profile, model, examplePool(profile), shots)
    : compilePrompt(profile, model, { shots: labelExamples(profile, shots) });
}

export function labelPrompts(profile: TaskProfile, engine: Engine & Tokenizer, options: ExampleOptions): LabelPrompts {
  const further = ensembleExamples(profile).map((own) => compilePrompt(profile, engine.model, { shots: own }));
  const renderers = [labelRenderer(profile, engine.model, options), ...further];
  const longest =
    options.choice === 'nearest'
      ? [compilePrompt(profile, engine.model, { shots: longestExamples(profile, examplePool(profile), options.shots) })]
      : renderers;
  const around = longest.map((render) => render({ [profile.input]: 'x' }));
  return {
    render: (fields) => renderers.map((each) => each(fields)),
    longestText: (more) =>
      Math.min(
        ...around.map((text) => roomForText(engine, profile, text, promptLength(tokenizePrompt(engine, text)) + more)),
      ),
    several: further.length > 0,
  };
}
