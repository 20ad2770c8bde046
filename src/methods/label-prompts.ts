import type { z } from 'zod';
import { compilePrompt, type PromptModel, type PromptRenderer, type PromptText, tokenizePrompt } from '../prompt.js';
import type { Engine, TaskProfile } from '../types.js';
import { longestShots, nearestRenderer, type shotChoice } from './nearest-shots.js';
import { promptLength } from './parts.js';
import { labelShots, moreLabelShots, shotPool } from './shots.js';

export interface ShotOptions {
  /** How many, where tuning has not chosen them. */
  readonly shots: number;
  readonly choice: z.output<typeof shotChoice>;
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
  { shots, choice }: ShotOptions,
): PromptRenderer {
  return choice === 'nearest' && shots > 0
    ? nearestRenderer(profile, model, shotPool(profile), shots)
    : compilePrompt(profile, model, { shots: labelShots(profile, shots) });
}

export function labelPrompts(profile: TaskProfile, engine: Engine, options: ShotOptions): LabelPrompts {
  const further = moreLabelShots(profile).map((own) => compilePrompt(profile, engine.model, { shots: own }));
  const renderers = [labelRenderer(profile, engine.model, options), ...further];
  const longest =
    options.choice === 'nearest'
      ? [compilePrompt(profile, engine.model, { shots: longestShots(profile, shotPool(profile), options.shots) })]
      : renderers;
  const lengths = longest.map((render) => promptLength(tokenizePrompt(engine, render({ [profile.input]: 'x' }))));
  const overhead = Math.max(...lengths);
  const copies = Math.max(...renderers.map((render) => copiesOf(render, profile.input)));
  return {
    render: (fields) => renderers.map((each) => each(fields)),
    longestText: (more) => Math.floor((engine.model.contextSize - overhead - more) / copies),
    several: further.length > 0,
  };
}

/** How often a prompt shows the text. */
function copiesOf(render: PromptRenderer, input: string): number {
  return Math.max(1, render({ [input]: 'x' }).input.filter(({ field }) => field === input).length);
}
