import {
  compilePrompt,
  type FewShotExample,
  type PromptRenderer,
  type PromptText,
  tokenizePrompt,
  usesChat,
} from '../../prompt.js';
import type { EngineWith, InputRecord, Prompt, TaskProfile } from '../../types.js';
import { fittingWindow } from '../fitting-window.js';
import { promptLength, readOnce, sharedLength } from '../parts.js';
import { type Passage, type PassageIndex, passageOf, readAnyway, withoutMark } from '../passages.js';
import { tokensOfEvidence } from './evidence-sentence.js';
import type { VerdictOptions } from './options.js';

/**
 * What the verdicts are scored after: the passage with the question; the same with the verdicts named in another order, each
 * in another place, since a model favours some by their place; the question alone, which tells what is usual.
 */
export const views = ['passage', 'reordered', 'question'] as const;
export type View = (typeof views)[number];

/** As explanations name them. */
export const viewTitles: Readonly<Record<View, string>> = {
  passage: 'the passage',
  reordered: 'the passage, verdicts in another order',
  question: 'the question alone',
};

/** A prompt in words and in tokens. */
interface Asked {
  readonly text: PromptText;
  readonly prompt: Prompt;
}

/** The scores of the verdicts of a question. */
export interface Scored {
  /** Log-probability of each verdict after each view, nats. */
  readonly scores: readonly (readonly number[])[];
  /**
   * The prompt with the passage, which the verdict follows. It was read last: as long as the engine is held, more can be
   * asked after it without reading the passage again.
   */
  readonly asked: Asked;
  /** Evaluated for it, beside what all records share. */
  readonly tokens: number;
}

/** Reads the passage of a question. */
export interface VerdictReader {
  /** The views that it can score. */
  readonly views: readonly View[];
  /** The passage to read for a question: the best one; where no word is shared, the only one that there is. */
  windowFor(index: PassageIndex, record: InputRecord): readonly Passage[] | undefined;
  /** The prompt with the passage. */
  ask(record: InputRecord, window: readonly Passage[]): Asked;
  score(record: InputRecord, window: readonly Passage[], views: readonly View[]): Promise<Scored>;
}

/** @param shots examples in the prompt with the passage */
export function createReader(
  engine: EngineWith<'scores'>,
  profile: TaskProfile,
  options: VerdictOptions,
  shots: readonly FewShotExample[],
): VerdictReader {
  const { verdicts, contextField, windowLength } = options;
  const reordered = reorderedIn(profile.prompt, usesChat(profile, engine.model) ? 'chat' : 'base', verdicts);
  const render = {
    passage: compilePrompt(profile, engine.model, { shots }),
    // Examples show how verdicts are given, and would have to be read twice.
    reordered:
      reordered === null || shots.length > 0
        ? null
        : compilePrompt({ ...profile, prompt: reordered }, engine.model, { shots: [] }),
    question: compilePrompt({ ...profile, prompt: aloneOf(profile, verdicts) }, engine.model, { shots: [] }),
  };
  const lead = usesChat(profile, engine.model) ? '' : ' ';
  const words = verdicts.map((verdict) => engine.tokenize(lead + verdict));

  function asked(by: PromptRenderer, { fields }: InputRecord, window: readonly Passage[]): Asked {
    const texts = window.map((passage) => passage.text);
    const text = by({
      ...fields,
      [contextField]: passageOf(texts, window[0]?.heading),
      [profile.input]: fields[profile.input],
    });
    return { text, prompt: tokenizePrompt(engine, text) };
  }

  function bestWindow(index: PassageIndex, question: string): readonly Passage[] | undefined {
    const [best] = index.windows(question, 1, windowLength);
    if (best !== undefined) return best;
    const all = readAnyway(index, windowLength, 1);
    return all.length === 1 ? all[0] : undefined;
  }

  return {
    views: views.filter((view) => render[view] !== null),
    windowFor(index, record) {
      const best = bestWindow(index, record.text)?.map(withoutMark);
      const lengthWith = (part: readonly Passage[]) => promptLength(asked(render.passage, record, part).prompt);
      const fits = (length: number) => length + tokensOfEvidence <= engine.model.contextSize;
      return best && fittingWindow(best, lengthWith, fits).part;
    },
    ask: (record, window) => asked(render.passage, record, window),
    async score(record, window, wanted) {
      const { text, prompt } = asked(render.passage, record, window);
      const turned = render.reordered === null ? prompt : asked(render.reordered, record, window).prompt;
      // Whether or not both are wanted: the same prompt is divided in the same way.
      const shared = Math.min(sharedLength(prompt.input, turned.input), prompt.input.length - 1);
      const read = readOnce(prompt, shared);
      const scores = new Map<View, number[]>();
      let tokens = 0;
      const score = async (view: View, after: Prompt, fresh: number) => {
        scores.set(view, await engine.scoreContinuations(after, words));
        tokens += fresh;
      };
      if (wanted.includes('question')) {
        const { prompt: alone } = asked(render.question, record, window);
        await score('question', readOnce(alone), alone.input.length);
      }
      if (wanted.includes('reordered'))
        await score('reordered', readOnce(turned, shared), turned.input.length - shared);
      if (wanted.includes('passage')) await score('passage', read, prompt.input.length);
      return { scores: wanted.map((view) => scores.get(view) as number[]), asked: { text, prompt: read }, tokens };
    },
  };
}

/**
 * The prompt with the first of the verdicts named last; the instruction before the passage stays, so that the passage is
 * read once for both. Null for a prompt that does not name them in their order.
 */
function reorderedIn(
  prompt: TaskProfile['prompt'],
  kind: 'base' | 'chat',
  verdicts: readonly string[],
): TaskProfile['prompt'] | null {
  const [first, ...others] = verdicts as readonly [string, ...string[]];
  const turned = prompt[kind].replaceAll(named(verdicts), named([...others, first]));
  return turned === prompt[kind] ? null : { ...prompt, [kind]: turned };
}

function aloneOf({ prompt, input }: TaskProfile, verdicts: readonly string[]): TaskProfile['prompt'] {
  const list = named(verdicts);
  return {
    ...prompt,
    instruction: `Answer the question: ${list}.`,
    base: `Question: {{ ${input} }}\nAnswer (${list}):`,
    chat: `Question: {{ ${input} }}\n\nAnswer with one word: ${list}.`,
  };
}

function named(verdicts: readonly string[]): string {
  return `${verdicts.slice(0, -1).join(', ')} or ${verdicts.at(-1)}`;
}
