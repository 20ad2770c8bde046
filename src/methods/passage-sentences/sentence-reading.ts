import { compilePrompt, type PromptModel, type PromptRenderer } from '../../prompt.js';
import { joinSentences } from '../../scripts.js';
import type { EngineWith, InputRecord, Prompt, Span, TaskProfile, Token } from '../../types.js';
import { eachBeside } from '../each-beside.js';
import { fittingWindow } from '../fitting-window.js';
import type { Likeness } from '../likeness.js';
import { promptLength, sharedLength } from '../parts.js';
import { type Judge, passageTurn } from '../passage-spans/answerability.js';
import { askAbout, bestWindows, type Search } from '../passage-spans/passage-reading.js';
import { askingOf, judgeOn, turnEnd } from '../passage-spans/reader.js';
import { type Passage, type PassageIndex, withoutMark } from '../passages.js';
import type { SentenceOptions } from './options.js';
import type { JudgedSentence } from './sentence-judge.js';

/** A sentence that may be the answer, or a part of it. */
export interface SentenceCandidate extends JudgedSentence, Span {
  readonly passage: Passage;
  readonly text: string;
  /** The passage that it was read in. */
  readonly window: ReadWindow;
}

/** What reading the passages for a question gave. */
export interface SentenceReading {
  readonly candidates: readonly SentenceCandidate[];
  readonly prompt: ReturnType<PromptRenderer> | null;
}

/** A passage as it stands in a prompt. */
export interface ReadWindow {
  readonly prompt: Prompt;
  readonly sentences: readonly Sentence[];
}

interface Sentence extends Span {
  readonly passage: Passage;
  readonly text: string;
}

export interface SentenceReader {
  readonly engine: EngineWith<'scores'>;
  readonly profile: TaskProfile;
  readonly options: SentenceOptions;
  readonly render: PromptRenderer;
  /** Any of them ends an answer. */
  readonly end: readonly Token[];
  /** What stands before an answer. */
  readonly lead: '' | ' ';
  /** Whether the model is asked in chat turns. */
  readonly inTurns: boolean;
  /** Null for a model without chat turns, whose yes and no say nothing, and without another one that judges. */
  readonly judge: Judge | null;
  /** Null where passages are found by their words alone. */
  readonly likeness: Likeness | null;
}

/** The prompt in which sentences are copied. */
export function sentenceRenderer(profile: TaskProfile, model: PromptModel, contextField: string): PromptRenderer {
  if (askingOf(profile, model, contextField) !== 'turns') return compilePrompt(profile, model, { shots: [] });
  const { instruction, chat } = profile.prompt;
  const said = [instruction.trim(), chat.trim()].filter(Boolean).join(' ');
  const prompt = { instruction: said, base: '', chat: passageTurn(profile, contextField), use: 'chat' } as const;
  return compilePrompt({ ...profile, prompt }, model, { shots: [] });
}

export function createSentenceReader(
  engine: EngineWith<'scores'>,
  profile: TaskProfile,
  options: SentenceOptions,
  { likeness, judge }: { readonly likeness: Likeness | null; readonly judge: EngineWith<'scores'> | null },
): SentenceReader {
  const { contextField } = options;
  const render = sentenceRenderer(profile, engine.model, contextField);
  const lineEnd = engine.tokenize('\n').slice(0, 1);
  const common = { engine, profile, options, render, likeness };
  if (askingOf(profile, engine.model, contextField) === 'completion') {
    const other = judge === null ? null : judgeOn(judge, profile, contextField, []);
    return { ...common, end: lineEnd, lead: ' ', inTurns: false, judge: other };
  }
  return {
    ...common,
    end: [...new Set([...turnEnd(engine, profile), ...lineEnd])],
    lead: '',
    inTurns: true,
    judge: judgeOn(judge ?? engine, profile, contextField, []),
  };
}

/** Reads the passages that are found for a question, and says of each of their sentences how likely it is copied. */
export async function readSentences(
  reader: SentenceReader,
  search: Search,
  record: InputRecord,
): Promise<SentenceReading> {
  const index = search(record);
  const windows = await bestWindows(reader, index, record.text);
  const read = await eachBeside<WindowReading[]>(
    reader.engine,
    windows.map((window) => () => readWindow(reader, index, record, window)),
  );
  return { candidates: read.flatMap(({ candidates }) => candidates), prompt: read[0]?.prompt ?? null };
}

interface WindowReading {
  readonly candidates: readonly SentenceCandidate[];
  readonly prompt: ReturnType<PromptRenderer>;
}

async function readWindow(
  reader: SentenceReader,
  index: PassageIndex,
  record: InputRecord,
  found: readonly Passage[],
): Promise<WindowReading> {
  const { engine, judge, lead } = reader;
  const { part: window, made } = fittingWindow(
    found,
    (part) => {
      const sentences = part.map(withoutMarker);
      const said = sentences.map(({ text }) => text);
      const begin = beginnings(said.map((sentence) => engine.tokenize(lead + sentence)));
      return { ...askAbout(reader, record, part, said), sentences, begin };
    },
    ({ asked, begin, fields }) => hasRoom(engine, asked, begin) && (judge === null || judge.fits(fields)),
  );
  const { fields, text, asked: prompt, sentences, begin } = made;
  const score = () => engine.scoreContinuations(prompt, begin);
  const [logprobs, answered] =
    judge === null
      ? [await score(), null]
      : await eachBeside<[number[], number]>(engine, [score, () => judge.logOdds(fields)]);
  const most = Math.max(...logprobs);
  const total = logprobs.reduce((sum, value) => sum + Math.exp(value - most), 0);
  const passageCoverage = index.coverage(record.text, window);
  const readIn: ReadWindow = { prompt, sentences };
  const candidates = sentences.map((sentence, i) => ({
    ...sentence,
    window: readIn,
    answered,
    logprob: logprobs[i] as number,
    share: Math.exp((logprobs[i] as number) - most) / total,
    coverage: index.coverage(record.text, [sentence.passage]),
    passageCoverage,
  }));
  return { candidates, prompt: text };
}

function withoutMarker(passage: Passage): Sentence {
  const { text, start, end } = withoutMark(passage);
  return { passage, text, start, end };
}

function hasRoom({ model }: Pick<EngineWith<'scores'>, 'model'>, asked: Prompt, after: readonly Token[][]): boolean {
  return promptLength(asked) + Math.max(1, ...after.map(({ length }) => length)) <= model.contextSize;
}

/** Tokens of each sentence up to where it differs from all others, and some more: they say whether it is copied. */
function beginnings(sentences: readonly (readonly Token[])[]): Token[][] {
  return sentences.map((tokens, i) => {
    const shared = sentences.map((other, j) => (i === j ? 0 : sharedLength(tokens, other)));
    return tokens.slice(0, Math.max(fewestTokens, Math.max(...shared) + 1));
  });
}

/** So many tell more than the first one, which may be any "the". */
const fewestTokens = 8;

/**
 * The sentences that the model copies after the first one, as long as it is likelier to go on with another of the same
 * passage than to end.
 */
export async function furtherSentences(
  { engine, end, lead, options }: Pick<SentenceReader, 'engine' | 'end' | 'lead' | 'options'>,
  first: SentenceCandidate,
): Promise<Passage[]> {
  const { prompt, sentences } = first.window;
  const given = [first.passage];
  let text = lead + first.text;
  while (given.length < options.sentences) {
    const others = sentences.filter(({ passage }) => !given.includes(passage));
    if (others.length === 0) break;
    const gap = joinSentences([text, '']).slice(text.length);
    const begin = beginnings(others.map((sentence) => engine.tokenize(gap + sentence.text)));
    const asked = { ...prompt, input: [...prompt.input, ...engine.tokenize(text)] };
    if (!hasRoom(engine, asked, begin)) break;
    const logprobs = await engine.scoreContinuations(asked, [...end.map((token) => [token]), ...begin]);
    const ending = logprobs.slice(0, end.length).reduce((sum, value) => sum + Math.exp(value), 0);
    const going = logprobs.slice(end.length);
    const best = going.indexOf(Math.max(...going));
    if (Math.exp(going[best] as number) <= ending) break;
    const next = others[best] as Sentence;
    given.push(next.passage);
    text += gap + next.text;
  }
  return given.slice(1);
}
