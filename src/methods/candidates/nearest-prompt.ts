import { compilePrompt, tokenizePrompt } from '../../prompt.js';
import type { Example } from '../../types.js';
import { balancedExamples } from '../few-shot.js';
import { longestExamples, nearestRenderer } from '../nearest-examples.js';
import { examplesOf, type FewShotPrompt, fits, longestOf, promptOf, verbalized } from './few-shot-prompt.js';
import { isShort } from './few-shot-prompts.js';
import { ownTemplate, type Template } from './templates.js';
import type { TuneSession } from './types.js';

/** Examples that those of a prompt are chosen from; they all stand in the tuned settings. */
export const mostNearest = 200;

/**
 * Prompts with the examples that are most like each text; null where there are too few to choose from. No example is
 * one for itself, so that all may be learned from and asked about.
 */
export function nearestPrompt(
  session: TuneSession,
  examples: readonly Example[],
  count: number,
  template: Template = ownTemplate(session.profile),
): FewShotPrompt | null {
  const { engine } = session;
  const { profile } = template;
  const pool = balancedExamples(examples, profile.labels, mostNearest, (example) => isShort(session, example));
  if (pool.length < 4 * count) return null;
  const shots = examplesOf(profile, pool);
  const filled = verbalized(profile, shots);
  const render = nearestRenderer(profile, engine.model, filled, count);
  const longest = compilePrompt(profile, engine.model, { shots: longestExamples(profile, filled, count) });
  const { record } = longestOf(examples);
  if (!fits(session, tokenizePrompt(engine, longest({ ...record.fields, [profile.input]: record.text })))) return null;
  return { ...promptOf(session, template, render), choice: 'nearest', count, shots, inPrompt: new Set() };
}
