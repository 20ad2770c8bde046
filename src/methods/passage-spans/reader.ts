import { once } from '../../lazy.js';
import { compilePrompt, type FewShotExample, type PromptModel, type PromptRenderer, usesChat } from '../../prompt.js';
import type { EngineWith, TaskProfile } from '../../types.js';
import { createJudge, turnEnd } from './answerability.js';
import type { Reader, ReadingOptions } from './passage-reading.js';

/** How a model reads for a profile: a few sentences after a completion prompt, or passages in chat turns. */
export function createReader(
  engine: EngineWith<'scores'>,
  profile: TaskProfile,
  options: ReadingOptions,
  shots: readonly FewShotExample[],
): Reader {
  const render = readingRenderer(profile, engine.model, shots);
  const lineEnd = engine.tokenize('\n').slice(0, 1);
  if (!usesChat(profile, engine.model)) {
    return { engine, render, options, profile, end: lineEnd, lead: ' ', judge: null };
  }
  const judge = createJudge(engine, profile, options.contextField, shots);
  const closing = turnEnd(engine, readingRenderer(profile, engine.model, [exampleTurn(profile, options)])({}));
  return {
    engine,
    render,
    options,
    profile,
    end: [...new Set([...closing, ...lineEnd])],
    lead: '',
    judge: { ...judge, scale: once(judge.scale) },
  };
}

/** The prompt in which an answer is copied. */
export function readingRenderer(
  profile: TaskProfile,
  model: PromptModel,
  shots: readonly FewShotExample[],
): PromptRenderer {
  return compilePrompt(profile, model, { shots });
}

function exampleTurn(profile: TaskProfile, { contextField }: ReadingOptions): FewShotExample {
  return { fields: { [contextField]: 'x', [profile.input]: 'x' }, target: 'x' };
}
