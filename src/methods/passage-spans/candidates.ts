import { tokenizePrompt } from '../../prompt.js';
import { answersIn, rejectBelow } from '../../task-types/answer/values.js';
import type { AnswerOutput, Example } from '../../types.js';
import { eachExample } from '../candidates/each-example.js';
import { foldByFold } from '../candidates/fold-by-fold.js';
import { memo } from '../candidates/memo.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import type { LearnedExample } from '../learned.js';
import { createLikeness } from '../likeness.js';
import { lastingName } from '../model-key.js';
import { prefixLength } from '../parts.js';
import { passageOf } from '../passages.js';
import type { Plan } from '../types.js';
import { fitRanker, type RankedQuestion, type Ranker } from './answer-ranker.js';
import { answerThreshold } from './answer-threshold.js';
import type { Scale } from './answerability.js';
import { passageOptions } from './options.js';
import { answerOf, rankedQuestion } from './passage-answer.js';
import { createSearch, type Reading, type ReadingOptions, read, type Search } from './passage-reading.js';
import { type Asking, askingOf, createReader, readerFor } from './reader.js';

const asWritten = { shots: 0, passages: 4, candidates: 4 };
/** Answered questions in the prompt, sentences that are read, and answers that are compared; likely ones first. */
const settings: Readonly<Record<Asking, readonly Setting[]>> = {
  completion: [
    { shots: 4, passages: 4, candidates: 6 },
    { shots: 8, passages: 4, candidates: 6 },
    { shots: 4, passages: 6, candidates: 6 },
    { shots: 0, passages: 4, candidates: 6 },
  ],
  // Without examples first: that reads as the task does as it is.
  'own turn': [asWritten, { ...asWritten, shots: 4 }],
  // With examples for yes and no, questions on other subjects are worse told apart: answered by the passage, or not.
  turns: [asWritten],
};
/** A passage in the prompt has so many characters at most. */
const longestExample = 600;

/** Ways to read, each with a ranker of the candidate answers that is fitted on the examples. */
export const plan: Plan = (session, examples) => {
  const { contextField } = passageOptions.parse(session.profile.options);
  // Every setting looks in the same documents.
  const search = createSearch(session.documents, { contextField });
  const asking = askingOf(session.profile, session.engine.model, contextField);
  const all = settings[asking].map((setting) => readingCandidate(session, examples, search, setting));
  return { candidates: all.filter((candidate) => candidate !== null) };
};

interface Setting {
  readonly shots: number;
  readonly passages: number;
  readonly candidates: number;
}

/** A question after reading. */
interface Read {
  readonly reading: Reading;
  readonly question: RankedQuestion;
}

function readingCandidate(
  session: TuneSession,
  examples: readonly Example[],
  search: Search,
  setting: Setting,
): Candidate | null {
  const { profile, engine, beside = null, judge = null } = session;
  const options = passageOptions.parse({ ...profile.options, ...setting });
  const embedder = beside?.embedder;
  const wanted = { ...options, ...setting, input: profile.input };
  const chosen = setting.shots === 0 ? [] : answersFrom(examples, search, wanted);
  if (chosen.length < setting.shots) return null;
  const shots = chosen.map(({ shot }) => shot);
  const reader = createReader(
    engine,
    profile,
    options,
    shots.map(({ fields, label }) => ({ fields, target: label })),
    { likeness: beside === null ? null : createLikeness(beside.engine), judge },
  );
  const empty = tokenizePrompt(engine, reader.render({ [options.contextField]: 'x', [profile.input]: 'x' }));
  const readOne = memo(async (example: Example): Promise<Read> => {
    const needed = readerFor(reader, await scaleOf());
    return engine.hold(async () => {
      const reading = await read(needed, search, example.record);
      return { reading, question: rankedQuestion(reading, example) };
    });
  });
  const title = `copied answers, ${setting.shots} examples in the prompt, ${reader.inTurns ? `${options.windows} passages` : `${setting.passages} sentences`}`;
  return {
    key: `passages 8 ${JSON.stringify(setting)}`,
    title,
    method: 'passage-spans',
    turn: 0,
    words: false,
    complexity: 1 + setting.shots / 100 + setting.passages / 1000,
    layers: session.blocks,
    prefixTokens: prefixLength(empty),
    inPrompt: new Set(chosen.map(({ example }) => example)),
    async heldOut(part, folds) {
      const reads = await eachExample(session, title, part, readOne);
      const rankerOf = await fitting();
      const outputs = await foldByFold(folds, (others) => {
        const ranker = rankerOf(others.map((i) => reads[i] as Read));
        const answer = (i: number) => answered(part[i] as Example, reads[i] as Read, ranker);
        // Seen through a ranker that knows them, which is sure enough of itself on so few weights.
        const min = answerThreshold(
          others.map((i) => part[i] as Example),
          others.map(answer),
          profile.threshold.min,
        );
        return (i) => rejectBelow(answer(i), min);
      });
      const few = part.slice(0, 50);
      const tokens = await Promise.all(few.map(async (example) => tokensOf((await readOne(example)).reading)));
      return { outputs, tokensPerRecord: tokens.reduce((sum, count) => sum + count, 0) / Math.max(1, few.length) };
    },
    async finish(_, trial) {
      // A handful of weights: what was read for the trial tells enough, and reading is what takes the time.
      const { examples: known } = trial;
      const reads = await Promise.all(known.map(readOne));
      const rankerOf = await fitting();
      const ranker = rankerOf(reads);
      const min = answerThreshold(
        known,
        known.map((example, i) => answered(example, reads[i] as Read, ranker)),
        profile.threshold.min,
      );
      return {
        options: { ...options, ...(embedder === undefined ? {} : { embedder: embedder.model }) },
        learned: {
          examples: shots,
          ranker: { ...ranker },
          ...(embedder === undefined ? {} : { embedder }),
          ...(judge === null ? {} : { judge: lastingName(judge) }),
        },
        threshold: { min, below: profile.threshold.below },
        outputs: known.map((example, i) => answered(example, reads[i] as Read, ranker)),
      };
    },
  };

  /** Of what the model says of passages; null for one that is not asked in turns. */
  async function scaleOf(): Promise<Scale | null> {
    return reader.inTurns && reader.judge !== null ? reader.judge.scale() : null;
  }

  /** How a ranker is fitted on some of what was read. */
  async function fitting(): Promise<(reads: readonly Read[]) => Ranker> {
    const scale = await scaleOf();
    return (reads) =>
      fitRanker(
        reads.map(({ question }) => question),
        scale,
      );
  }

  function tokensOf({ prompt }: Reading): number {
    return prompt === null ? 0 : tokenizePrompt(engine, prompt).input.length;
  }
}

interface Shot {
  readonly example: Example;
  readonly shot: LearnedExample;
}

type ShotOptions = Setting & Pick<ReadingOptions, 'windowLength' | 'contextField'> & { readonly input: string };

/** Answered questions with the sentences that would be read for them, where these hold the answer. */
function answersFrom(examples: readonly Example[], search: Search, options: ShotOptions): Shot[] {
  const readable = examples.flatMap((example) => {
    const [answer] = answersIn(example.gold);
    if (answer === undefined) return [];
    const found = search(example.record)
      .search(example.record.text, options.passages)
      .map(({ passage }) => passage)
      .sort((a, b) => a.place - b.place);
    const text = passageOf(found.map((passage) => passage.text));
    return text.includes(answer) ? [{ example, text, target: answer }] : [];
  });
  return shotsFrom(readable, options.shots, options);
}

/** The first ones that are short enough, each from another passage, so that they are as varied as they can be. */
function shotsFrom(
  readable: readonly { readonly example: Example; readonly text: string; readonly target: string }[],
  count: number,
  { contextField, input }: ShotOptions,
): Shot[] {
  const chosen: Shot[] = [];
  const seen = new Set<string>();
  for (const { example, text, target } of readable) {
    if (chosen.length === count) break;
    const source = String(example.record.fields[contextField] ?? text);
    if (text.length > longestExample || seen.has(source)) continue;
    seen.add(source);
    chosen.push({ example, shot: { fields: { [contextField]: text, [input]: example.record.text }, label: target } });
  }
  return chosen;
}

function answered({ record }: Example, { reading }: Read, ranker: Ranker): AnswerOutput {
  return answerOf(reading, ranker, record.text);
}
