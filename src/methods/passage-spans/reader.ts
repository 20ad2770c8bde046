import { once } from '../../lazy.js';
import { compilePrompt, type FewShotExample, type PromptModel, type PromptRenderer, usesChat } from '../../prompt.js';
import type { EngineWith, TaskProfile, Token } from '../../types.js';
import type { Likeness } from '../likeness.js';
import { turnAfter } from '../next-turn.js';
import { asksOfPassages } from './answer-ranker.js';
import { createJudge, type Judge, judgingRenderer, passageTurn, type Scale } from './answerability.js';
import type { Reader, ReadingOptions } from './passage-reading.js';

/**
 * How a model is asked. `completion`: an answer follows the prompt. `turns`: it is asked whether the passage answers the
 * question and, in a conversation of its own, for the answer. `own turn`: the task has written a chat turn with
 * the passage, and an answer follows that.
 */
export type Asking = 'completion' | 'turns' | 'own turn';

export function askingOf(profile: TaskProfile, model: PromptModel, contextField: string): Asking {
  if (!usesChat(profile, model)) return 'completion';
  return new RegExp(`\\b${contextField.replace(/[^\p{L}\p{N}_]/gu, '.')}\\b`, 'u').test(profile.prompt.chat)
    ? 'own turn'
    : 'turns';
}

/**
 * How a model reads for a profile.
 * @param shots examples with their answers; an empty one, where the model is asked in turns, has no answer
 */
export function createReader(
  engine: EngineWith<'scores' | 'generation'>,
  profile: TaskProfile,
  options: ReadingOptions,
  shots: readonly FewShotExample[],
  { likeness, judge: other }: Helpers = { likeness: null, judge: null },
): Reader {
  const { contextField } = options;
  const render = readingRenderer(profile, engine.model, contextField, shots);
  const lineEnd = engine.tokenize('\n').slice(0, 1);
  const asking = askingOf(profile, engine.model, contextField);
  const common = { engine, render, options, profile, likeness, asksOfPassages: true, asksOfSentences: true };
  if (asking === 'completion') {
    const judge = other === null ? null : judgeOn(other, profile, contextField, []);
    return { ...common, end: lineEnd, lead: ' ', inTurns: false, judge };
  }
  return {
    ...common,
    end: [...new Set([...turnEnd(engine, profile), ...lineEnd])],
    lead: '',
    inTurns: true,
    judge: judgeOn(other ?? engine, profile, contextField, asking === 'turns' ? shots : []),
  };
}

/** Models that read beside the one that answers; null where there are none. */
interface Helpers {
  /** Orders passages by their meaning. */
  readonly likeness: Likeness | null;
  /** Says whether a passage answers a question. */
  readonly judge: EngineWith<'scores'> | null;
}

/** A judge that computes its scale once. */
export function judgeOn(
  engine: EngineWith<'scores'>,
  profile: TaskProfile,
  contextField: string,
  shots: readonly FewShotExample[],
): Judge {
  const judging = judgingRenderer(profile, engine.model, contextField, shots);
  const judge = createJudge(engine, profile, judging, contextField);
  return { ...judge, scale: once(judge.scale) };
}

/** The same reader for a ranker that is fitted on this scale: what the ranker will not go by is not asked. */
export function readerFor(reader: Reader, scale: Scale | null): Reader {
  return { ...reader, asksOfPassages: scale === null || asksOfPassages(scale) };
}

/** The prompt in which an answer is copied. */
export function readingRenderer(
  profile: TaskProfile,
  model: PromptModel,
  contextField: string,
  shots: readonly FewShotExample[],
): PromptRenderer {
  if (askingOf(profile, model, contextField) !== 'turns') return compilePrompt(profile, model, { shots });
  // Without examples: a model that has seen short answers gives one word where a phrase is asked for.
  const { instruction, chat } = profile.prompt;
  const said = [instruction.trim(), chat.trim(), 'Reply with the span only.'].filter(Boolean).join(' ');
  const prompt = { instruction: said, base: '', chat: passageTurn(profile, contextField), use: 'chat' } as const;
  return compilePrompt({ ...profile, prompt }, model, { shots: [] });
}

/** The end of an answer in a chat turn: the text that the model's template puts after one. */
export function turnEnd(engine: EngineWith<'scores'>, profile: TaskProfile): Token[] {
  const [after] = turnAfter(profile, engine.model, 'x')({});
  return engine.tokenize(after?.text ?? '', { special: true }).slice(0, 1);
}
