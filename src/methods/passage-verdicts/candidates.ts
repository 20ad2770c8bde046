import { evidenceAt } from '../../task-types/answer/evidence.js';
import { rejectBelow, unanswered } from '../../task-types/answer/values.js';
import type { AnswerOutput, Example } from '../../types.js';
import { eachExample } from '../candidates/each-example.js';
import { fits } from '../candidates/few-shot-prompt.js';
import { foldByFold } from '../candidates/fold-by-fold.js';
import { memo } from '../candidates/memo.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import { prefixLength } from '../parts.js';
import { answerThreshold } from '../passage-spans/answer-threshold.js';
import { createSearch } from '../passage-spans/passage-reading.js';
import { nothingFound, type Passage } from '../passages.js';
import type { Plan } from '../types.js';
import { type VerdictOptions, verdictOptions } from './options.js';
import { createReader, type Scored, type View } from './verdict-reader.js';
import { goldVerdict, verdictExamples, verdictShots } from './verdicts.js';
import { fitWeighing, type Weighing, weigh } from './weighing.js';

interface Setting {
  /** Examples in the prompt, one of each verdict in turn. */
  readonly shots: number;
  readonly views: readonly View[];
}

/**
 * One reading serves all: every question that it takes is one that the weights are fitted on. Examples in the prompt
 * would be a reading of their own, and are tried where the task has them. What the question alone says takes few tokens,
 * and tells what is usual for such questions.
 */
function settingsOf({ shots }: VerdictOptions): readonly Setting[] {
  const plain: readonly Setting[] = [
    { shots: 0, views: ['passage', 'reordered'] },
    { shots: 0, views: ['passage', 'reordered', 'question'] },
  ];
  return shots === 0 ? plain : [...plain, { shots, views: ['passage', 'question'] }];
}

/** Ways to ask for a verdict, each with probabilities that are fitted on the examples. */
export const plan: Plan = (session, examples) => {
  const options = verdictOptions.parse(session.profile.options);
  if (!examples.some((example) => goldVerdict(example, options.verdicts) !== -1)) return null;
  const search = createSearch(session.documents, options);
  const { windowFor } = createReader(session.engine, session.profile, options, []);
  const windowOf = memo(({ record }: Example) => windowFor(search(record), record));
  const all = settingsOf(options).map((setting) => verdictCandidate(session, examples, windowOf, setting));
  return { candidates: all.filter((candidate) => candidate !== null) };
};

/** A question after reading; null where there is nothing to read. */
type Read = (Pick<Scored, 'scores' | 'tokens'> & { readonly window: readonly Passage[] }) | null;

function verdictCandidate(
  session: TuneSession,
  examples: readonly Example[],
  windowOf: (example: Example) => readonly Passage[] | undefined,
  { shots, views: wanted }: Setting,
): Candidate | null {
  const { profile, engine } = session;
  const options = { ...verdictOptions.parse(profile.options), shots };
  const { verdicts } = options;
  const shown = verdictExamples(examples, options);
  if (shown.length < shots) return null;
  const reader = createReader(engine, profile, options, verdictShots(examples, options));
  const views = wanted.filter((view) => reader.views.includes(view));
  const promptOf = (example: Example) => reader.ask(example.record, windowOf(example) ?? []).prompt;
  // Examples bring their own passages: there may be no room left for another one.
  if (shots > 0 && !examples.every((example) => fits(session, promptOf(example)))) return null;
  const readOne = memo(
    (example: Example): Promise<Read> =>
      engine.hold(async () => {
        const window = windowOf(example);
        if (window === undefined) return null;
        const { scores, tokens } = await reader.score(example.record, window, views);
        return { window, scores, tokens };
      }),
  );
  const beside = views.includes('question') ? ', beside what the question alone says' : '';
  const title = `likeliest verdict, ${shots} examples in the prompt${beside}`;
  return {
    key: `verdicts 4 ${JSON.stringify({ shots, views })}`,
    title,
    method: 'passage-verdicts',
    turn: 0,
    words: false,
    complexity: 1 + shots / 100 + views.length / 1000,
    layers: session.blocks,
    // Beside the passage, which is read once for all views, the others take a fraction of its tokens.
    reading: `verdicts ${shots}`,
    prefixTokens: shown.length === 0 ? 0 : prefixLength(promptOf(shown[0] as Example)),
    inPrompt: new Set(shown),
    async heldOut(part, folds) {
      const reads = await eachExample(session, title, part, readOne);
      const outputs = await foldByFold(folds, (others) => {
        const { weighing, min } = fitted(
          others.map((i) => part[i] as Example),
          others.map((i) => reads[i] as Read),
        );
        return (i) => rejectBelow(answered(reads[i] as Read, weighing), min);
      });
      const tokens = reads.reduce((sum, read) => sum + (read?.tokens ?? 0), 0);
      return { outputs, tokensPerRecord: tokens / Math.max(1, reads.length) };
    },
    async finish(_, { examples: known }) {
      // A handful of numbers: what was read for the trial tells enough.
      const reads = await Promise.all(known.map(readOne));
      const { weighing, min } = fitted(known, reads);
      const learned = verdictShots(examples, options).map(({ fields, target }) => ({ fields, label: target }));
      return {
        options,
        learned: { examples: learned, ...weighing },
        threshold: { min, below: profile.threshold.below },
        outputs: reads.map((read) => answered(read, weighing)),
      };
    },
  };

  /** The weighing, and the threshold below which its verdicts are withheld. */
  function fitted(part: readonly Example[], reads: readonly Read[]): { weighing: Weighing; min: number } {
    const rows = part.flatMap((example, i) => {
      const read = reads[i] as Read;
      const right = goldVerdict(example, verdicts);
      return read === null || right === -1 ? [] : [{ scores: read.scores, right }];
    });
    const weighing = fitWeighing(
      views,
      rows.map(({ scores }) => scores),
      rows.map(({ right }) => right),
    );
    const outputs = reads.map((read) => answered(read, weighing));
    // The likeliest verdict is often less likely than not; where each question has one, none is withheld.
    const usual = Math.min(profile.threshold.min, 1 / verdicts.length);
    return { weighing, min: answerThreshold(part, outputs, usual) };
  }

  /** The sentence that shows it changes nothing of how good a verdict is: the first one stands for it. */
  function answered(read: Read, weighing: Weighing): AnswerOutput {
    if (read === null) return unanswered(0, nothingFound);
    const scores = weighing.views.map((view) => read.scores[views.indexOf(view)] as readonly number[]);
    const likely = weigh(scores, weighing);
    const best = likely.indexOf(Math.max(...likely));
    const first = read.window[0] as Passage;
    const evidence = evidenceAt(first.document, first, first);
    return {
      type: 'answer',
      answer: verdicts[best] as string,
      isVerdict: true,
      score: likely[best] as number,
      evidence,
    };
  }
}
