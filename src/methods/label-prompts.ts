import { compilePrompt, type PromptModel, type PromptRenderer, type PromptText, tokenizePrompt } from '../prompt.js';
import type { Engine, TaskProfile } from '../types.js';
import { promptLength } from './parts.js';
import { labelShots, moreLabelShots } from './shots.js';

/** The prompts that a text is read after: the task's own, and those with other examples that tuning has found. */
export interface LabelPrompts {
  render(fields: Readonly<Record<string, unknown>>): PromptText[];
  /** Tokens of the longest one, around a text. */
  readonly overhead: number;
  readonly several: boolean;
}

/** The profile's own prompt, up to where the model would say the label. */
export function labelRenderer(profile: TaskProfile, model: PromptModel, shots: number): PromptRenderer {
  return compilePrompt(profile, model, { shots: labelShots(profile, shots) });
}

/** @param shots examples in the prompt where tuning has not chosen them */
export function labelPrompts(profile: TaskProfile, engine: Engine, shots: number): LabelPrompts {
  const further = moreLabelShots(profile).map((own) => compilePrompt(profile, engine.model, { shots: own }));
  const renderers = [labelRenderer(profile, engine.model, shots), ...further];
  const render: LabelPrompts['render'] = (fields) => renderers.map((each) => each(fields));
  const empty = render({ [profile.input]: 'x' }).map((prompt) => promptLength(tokenizePrompt(engine, prompt)));
  return { render, overhead: Math.max(...empty), several: further.length > 0 };
}
