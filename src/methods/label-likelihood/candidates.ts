import { usesChat } from '../../prompt.js';
import type { ClassifyOutput, Example, Token } from '../../types.js';
import { type Calibration, calibrate, fittedCalibration } from '../calibration.js';
import { outputOf, unknown } from '../candidates/classify-outputs.js';
import { bestOf, classifyingPrompts, showsAll } from '../candidates/classifying-prompts.js';
import { eachExample } from '../candidates/each-example.js';
import {
  type FewShotPrompt,
  keyOf,
  learnedFrom,
  type PromptGroup,
  titleOf,
  tokensAfter,
} from '../candidates/few-shot-prompt.js';
import { memo } from '../candidates/memo.js';
import { nearestPrompt } from '../candidates/nearest-prompt.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import { labelOf } from '../few-shot.js';
import { meanScores } from '../mean-scores.js';
import type { Plan } from '../types.js';

/**
 * More evaluations of a token than this for each record, beside the prompt, and label scores are not tried where heads
 * are: 77 labels of some words take seconds a record.
 */
const mostSteps = 30;

/** Examples that are most like each text. */
const nearest = 8;

/**
 * Label scores after prompts of one template or another with more or fewer examples. Then the best of them averaged
 * over several prompts, and label scores after the examples most like each text.
 */
export const plan: Plan = (session, examples) => {
  const { profile } = session;
  const score = profile.multiLabel ? null : scoreCandidates(session, examples);
  if (score === null) return null;
  const { singles, further, reserved } = classifyingPrompts(session)(examples);
  const likest = nearestPrompt(session, examples, nearest);
  const made = new Map<Candidate, FewShotPrompt>();
  singles.forEach((prompt, turn) => {
    if (showsAll(prompt, examples)) made.set(score([prompt], turn), prompt);
  });
  return {
    candidates: [...made.keys()],
    reserved,
    next(trials) {
      const best = bestOf(trials, (candidate) => made.has(candidate));
      const prompt = best === null ? undefined : made.get(best);
      const more = prompt === undefined ? null : further(prompt);
      return [
        ...(prompt === undefined || more === null ? [] : [score([prompt, ...more], 1)]),
        // Ten times the tokens of the others: where there is time.
        ...(likest === null ? [] : [score([likest], 2)]),
      ];
    },
  };
};

/** Makes candidates that score labels as continuations of a prompt, or of several; what was scored is kept for all. */
type ScoreCandidates = (prompts: PromptGroup, turn: number) => Candidate;

/** Null where labels are many and long, unless there is nothing else to try. */
export function scoreCandidates(session: TuneSession, examples: readonly Example[]): ScoreCandidates | null {
  const { profile, engine } = session;
  const wordsAfter = memo((prompt: FewShotPrompt): Token[][] => {
    const separator = usesChat(prompt.template.profile, engine.model) ? '' : ' ';
    return prompt.template.profile.labels.map(({ word }) => engine.tokenize(separator + word));
  });
  const words = profile.labels.map(({ word }) => engine.tokenize(` ${word}`));
  if (typeof session.states === 'function' && stepsOf(words) > mostSteps) return null;
  const scorer = memo((prompt: FewShotPrompt) =>
    memo(async (example: Example) => engine.scoreContinuations(prompt.tokens(example), wordsAfter(prompt))),
  );
  return (prompts, turn) => candidateOf(session, examples, prompts, turn, scorer);
}

/** Beginnings that the model has to read before it can say how a label goes on; labels share theirs. */
function stepsOf(words: readonly (readonly Token[])[]): number {
  const beginnings = words.flatMap((tokens) => tokens.slice(1).map((_, i) => tokens.slice(0, i + 1).join(' ')));
  return new Set(beginnings).size;
}

function candidateOf(
  session: TuneSession,
  examples: readonly Example[],
  prompts: PromptGroup,
  turn: number,
  scorer: (prompt: FewShotPrompt) => (example: Example) => Promise<number[]>,
): Candidate {
  const { profile } = session;
  const [prompt] = prompts;
  const shown = titleOf(prompts);
  const inPrompt = new Set(prompts.flatMap((prompt) => [...prompt.inPrompt]));
  const indexOf = new Map(profile.labels.map(({ name }, i) => [name, i]));
  const goldOf = (example: Example) => indexOf.get(labelOf(example)) as number;

  const scoreAll = (list: readonly Example[]) =>
    eachExample(session, `scoring labels, ${shown}`, list, async (example) =>
      meanScores(await Promise.all(prompts.map((prompt) => scorer(prompt)(example)))),
    );
  return {
    key: `scores 5 ${keyOf(prompts)}`,
    title: `label scores, ${shown}`,
    method: 'label-likelihood',
    turn,
    words: false,
    // All blocks of the model and a step a label, where a head stops early.
    complexity: prompts.length === 1 ? 1.5 : 3.5,
    layers: session.blocks,
    reading: `scores ${keyOf(prompts)}`,
    tokens: tokensAfter(prompts, examples),
    prefixTokens: Math.max(...prompts.map((prompt) => prompt.prefixTokens)),
    inPrompt,
    async heldOut(part, folds) {
      const scores = await scoreAll(part);
      const fitted = new Map<string, Calibration>();
      const outputs = part.map((example, i): ClassifyOutput => {
        const others = part.map((_, j) => j).filter((j) => folds[j] !== folds[i] && !inPrompt.has(part[j] as Example));
        const calibration = calibrationFor(String(folds[i]), others);
        return inPrompt.has(example)
          ? unknown(profile)
          : outputOf(profile, calibrate(scores[i] as number[], calibration));
      });
      return { outputs, tokensPerRecord: tokensAfter(prompts, part) };

      function calibrationFor(fold: string, rows: readonly number[]): Calibration {
        const known = fitted.get(fold);
        if (known !== undefined) return known;
        const made = fittedCalibration(
          rows.map((row) => scores[row] as number[]),
          rows.map((row) => goldOf(part[row] as Example)),
        );
        fitted.set(fold, made);
        return made;
      }
    },
    async finish(all, { examples: known }) {
      // A handful of numbers: some hundreds of examples tell enough, those first that were read for the trial.
      const first = [...new Set([...known, ...all])].slice(0, Math.max(known.length, enoughToCalibrate));
      const rest = first.filter((example) => !inPrompt.has(example));
      return {
        options: {
          shots: prompt.count,
          choice: prompt.choice === 'nearest' ? 'nearest' : 'first',
          calibration: 'fitted',
          poolSize: 200,
        },
        learned: {
          ...learnedFrom(prompts),
          calibration: plain(fittedCalibration(await scoreAll(rest), rest.map(goldOf))),
        },
      };
    },
  };
}

/** Examples from which on more change a calibration by less than what is noise. */
const enoughToCalibrate = 500;

function plain({ temperature, bias }: Calibration) {
  return { temperature, bias: [...bias] };
}
