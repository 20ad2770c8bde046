import { compilePrompt, type FewShotExample, type PromptText, tokenizePrompt, usesChat } from '../../prompt.js';
import type { EngineWith, InputRecord, Prompt, TaskProfile } from '../../types.js';
import { readOnce } from '../parts.js';
import { type Passage, type PassageIndex, passageOf, readAnyway } from '../passages.js';
import type { VerdictOptions } from './options.js';

/** What the verdicts are scored after: the passage with the question, or the question alone, which tells what is usual. */
export const views = ['passage', 'question'] as const;
export type View = (typeof views)[number];

/** The passage to read for a question: the best one; where no word is shared, the only one that there is. */
export function windowFor(
  index: PassageIndex,
  question: string,
  { windowLength }: Pick<VerdictOptions, 'windowLength'>,
): Passage[] | undefined {
  const [best] = index.windows(question, 1, windowLength);
  if (best !== undefined) return best;
  const all = readAnyway(index, windowLength, 1);
  return all.length === 1 ? all[0] : undefined;
}

/** A prompt in words and in tokens. */
interface Asked {
  readonly text: PromptText;
  readonly prompt: Prompt;
}

/** Scores the verdicts of a question. */
export interface VerdictReader {
  ask(record: InputRecord, window: readonly Passage[], view: View): Asked;
  /**
   * Log-probability of each verdict after each view, nats. The passage is read last: as long as the engine is held,
   * more can be asked after it without reading it again.
   */
  score(record: InputRecord, window: readonly Passage[], views: readonly View[]): Promise<number[][]>;
}

/** @param shots examples in the prompt with the passage */
export function createReader(
  engine: EngineWith<'scores'>,
  profile: TaskProfile,
  options: VerdictOptions,
  shots: readonly FewShotExample[],
): VerdictReader {
  const { verdicts, contextField } = options;
  const render = {
    passage: compilePrompt(profile, engine.model, { shots }),
    question: compilePrompt({ ...profile, prompt: aloneOf(profile, verdicts) }, engine.model, { shots: [] }),
  };
  const lead = usesChat(profile, engine.model) ? '' : ' ';
  const words = verdicts.map((verdict) => engine.tokenize(lead + verdict));

  function ask({ fields }: InputRecord, window: readonly Passage[], view: View): Asked {
    const texts = window.map((passage) => passage.text);
    const text = render[view]({
      ...fields,
      [contextField]: passageOf(texts, window[0]?.heading),
      [profile.input]: fields[profile.input],
    });
    return { text, prompt: tokenizePrompt(engine, text) };
  }

  return {
    ask,
    async score(record, window, wanted) {
      const scores = new Map<View, number[]>();
      for (const view of wanted.toSorted(passageLast)) {
        const { prompt } = ask(record, window, view);
        scores.set(view, await engine.scoreContinuations(readOnce(prompt), words));
      }
      return wanted.map((view) => scores.get(view) as number[]);
    },
  };
}

function passageLast(a: View, b: View): number {
  return Number(a === 'passage') - Number(b === 'passage');
}

function aloneOf({ prompt, input }: TaskProfile, verdicts: readonly string[]): TaskProfile['prompt'] {
  const named = `${verdicts.slice(0, -1).join(', ')} or ${verdicts.at(-1)}`;
  return {
    ...prompt,
    instruction: `Answer the question: ${named}.`,
    base: `Question: {{ ${input} }}\nAnswer (${named}):`,
    chat: `Question: {{ ${input} }}\n\nAnswer with one word: ${named}.`,
  };
}
