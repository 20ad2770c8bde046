import { type Segment, tokenizeSegments, usesChat } from '../../prompt.js';
import type { EngineWith, Prompt, TaskProfile, Token } from '../../types.js';
import { turnAfter } from '../next-turn.js';
import type { Passage } from '../passages.js';

const wanted = 'Copy the sentence of the passage that shows it.';

/**
 * The sentence that the model copies to show its verdict: only sentences of the window can be copied.
 * @param asked the prompt that the verdict follows
 */
export async function evidenceSentence(
  engine: EngineWith<'scores'>,
  profile: TaskProfile,
  asked: Prompt,
  verdict: string,
  window: readonly Passage[],
): Promise<Passage> {
  const isChat = usesChat(profile, engine.model);
  const lead = isChat ? '' : ' ';
  const further: Segment[] = isChat
    ? [{ text: verdict, field: null }, ...turnAfter(profile, engine.model, wanted)({})]
    : [{ text: ` ${verdict}\nSentence of the passage that shows it:`, field: null }];
  const prompt = { ...asked, input: [...asked.input, ...tokenizeSegments(engine, further)] };
  const sentences = window.map((passage) => ({ passage, tokens: engine.tokenize(lead + passage.text) }));
  const still = (soFar: readonly Token[]) =>
    sentences.filter(({ tokens }) => tokens.length > soFar.length && soFar.every((token, i) => tokens[i] === token));
  // As soon as one sentence alone goes on so, it is chosen.
  const { tokens } = await engine.decode(
    prompt,
    (soFar) => {
      const left = still(soFar);
      return left.length <= 1 ? null : [...new Set(left.map((sentence) => sentence.tokens[soFar.length] as Token))];
    },
    { maxTokens: longestPrefix },
  );
  const chosen = sentences.find((sentence) => tokens.every((token, i) => sentence.tokens[i] === token));
  return (chosen ?? (sentences[0] as (typeof sentences)[number])).passage;
}

/** Tokens in which two sentences can be the same; of those that go on alike for longer, the first is taken. */
const longestPrefix = 32;

/** Room for the question for it, and for its beginning. */
export const tokensOfEvidence = longestPrefix + 64;
