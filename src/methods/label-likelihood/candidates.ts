import { usesChat } from '../../prompt.js';
import type { ClassifyOutput, Example, Token } from '../../types.js';
import { type Calibration, calibrate, fittedCalibration } from '../calibration.js';
import { outputOf, unknown } from '../candidates/classify-outputs.js';
import { eachExample } from '../candidates/each-example.js';
import {
  foundIn,
  keyOf,
  type PromptGroup,
  type ShotPrompt,
  titleOf,
  tokensAfter,
} from '../candidates/few-shot-prompt.js';
import { memo } from '../candidates/memo.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import { labelOf } from '../few-shot.js';
import { meanScores } from '../mean-scores.js';

/**
 * More evaluations of a token than this for each record, beside the prompt, and label scores are not tried where heads
 * are: 77 labels of some words take seconds a record.
 */
const mostSteps = 30;

/** Makes candidates that score labels as continuations of a prompt, or of several; what was scored is kept for all. */
export type ScoreCandidates = (prompts: PromptGroup) => Candidate;

/** Null where labels are many and long, unless there is nothing else to try. */
export function scoreCandidates(session: TuneSession, examples: readonly Example[]): ScoreCandidates | null {
  const { profile, engine } = session;
  const wordsAfter = memo((prompt: ShotPrompt): Token[][] => {
    const separator = usesChat(prompt.template.profile, engine.model) ? '' : ' ';
    return prompt.template.profile.labels.map(({ word }) => engine.tokenize(separator + word));
  });
  const words = profile.labels.map(({ word }) => engine.tokenize(` ${word}`));
  if (typeof session.derive === 'function' && stepsOf(words) > mostSteps) return null;
  const scorer = memo((prompt: ShotPrompt) =>
    memo(async (example: Example) => engine.scoreContinuations(prompt.tokens(example), wordsAfter(prompt))),
  );
  return (prompts) => candidateOf(session, examples, prompts, scorer);
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
  scorer: (prompt: ShotPrompt) => (example: Example) => Promise<number[]>,
): Candidate {
  const { profile } = session;
  const [first] = prompts;
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
    kind: 'scores',
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
    async finish(all) {
      const rest = all.filter((example) => !inPrompt.has(example));
      return {
        method: 'label-likelihood',
        options: {
          shots: first.count,
          choice: first.choice === 'nearest' ? 'nearest' : 'first',
          calibration: 'fitted',
          poolSize: 200,
        },
        ...foundIn(prompts),
        calibration: fittedCalibration(await scoreAll(rest), rest.map(goldOf)),
      };
    },
  };
}
