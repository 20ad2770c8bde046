import { batchCalibration, type Calibration, calibrate, fittedCalibration } from '../methods/calibration.js';
import { meanScores } from '../methods/label-likelihood.js';
import { usesChat } from '../prompt.js';
import type { ClassifyOutput, Example, Token } from '../types.js';
import { outputOf, unknown } from './classify-outputs.js';
import { memo } from './memo.js';
import { furtherPrompts, type ShotPrompt, shotPrompts } from './shot-prompts.js';
import type { Candidate, TuneSession } from './types.js';

/** Few-shot examples in the prompt, balanced. */
const shotCounts = [0, 4, 8, 16];
/** Prompts whose scores are averaged, each with other examples: which ones stand there matters less then. */
const prompts = 3;

/**
 * More evaluations of a token than this for each record, beside the prompt, and label scores are not tried where heads
 * are: 77 labels of some words take seconds a record.
 */
const mostSteps = 30;

/** A prompt whose label scores are known once they were asked for. */
interface ScoredPrompt extends ShotPrompt {
  score(example: Example): Promise<number[]>;
}

/** Labels scored as continuations of one prompt or of several, with the bias taken off by what the other folds show. */
export function scoreCandidates(session: TuneSession, examples: readonly Example[]): Candidate[] {
  const { profile, engine } = session;
  const separator = usesChat(profile, engine.model) ? '' : ' ';
  const words = profile.labels.map(({ word }) => engine.tokenize(separator + word));
  if (typeof session.derive === 'function' && stepsOf(words) > mostSteps) return [];
  const scored = (prompt: ShotPrompt): ScoredPrompt => ({
    ...prompt,
    score: memo(async (example: Example) => engine.scoreContinuations(prompt.tokens(example), words)),
  });
  const single = shotPrompts(session, examples, shotCounts).map(scored);
  return [...single.map((prompt) => [prompt]), ...several(session, examples, single, scored)].flatMap((group) =>
    kinds.map((kind) => candidateOf(session, group, kind)),
  );
}

/** Beginnings that the model has to read before it can say how a label goes on; labels share theirs. */
function stepsOf(words: readonly (readonly Token[])[]): number {
  const beginnings = words.flatMap((tokens) => tokens.slice(1).map((_, i) => tokens.slice(0, i + 1).join(' ')));
  return new Set(beginnings).size;
}

/** The most examples of which there are several sets. */
function several(
  session: TuneSession,
  examples: readonly Example[],
  single: readonly ScoredPrompt[],
  scored: (prompt: ShotPrompt) => ScoredPrompt,
): ScoredPrompt[][] {
  for (const first of single.filter(({ count }) => count > 0).reverse()) {
    const further = furtherPrompts(session, examples, first, prompts - 1);
    if (further !== null) return [[first, ...further.map(scored)]];
  }
  return [];
}

type Kind = keyof typeof fits;
const kinds: readonly Kind[] = ['batch', 'fitted'];
const fits = { batch, fitted: fittedCalibration };

function candidateOf(session: TuneSession, group: readonly ScoredPrompt[], kind: Kind): Candidate {
  const { profile } = session;
  const [first, ...further] = group as [ScoredPrompt, ...ScoredPrompt[]];
  const inPrompt = new Set(group.flatMap((prompt) => [...prompt.inPrompt]));
  const indexOf = new Map(profile.labels.map(({ name }, i) => [name, i]));
  const goldOf = ({ gold }: Example) => indexOf.get(gold.type === 'classify' ? (gold.labels[0] ?? '') : '') as number;
  const shown =
    further.length === 0
      ? `${first.count} examples in the prompt`
      : `${group.length} prompts with ${first.count} examples each`;
  const fit = fits[kind];

  const scoreAll = async (list: readonly Example[]) => {
    let done = 0;
    return Promise.all(
      list.map(async (example) => {
        session.signal.throwIfAborted();
        const scores = meanScores(await Promise.all(group.map((prompt) => prompt.score(example))));
        session.onProgress(`scoring labels, ${shown}`, ++done, list.length);
        return scores;
      }),
    );
  };
  return {
    key: `scores 3 prompts=${group.length} shots=${first.count} calibration=${kind}`,
    title: `label scores, ${shown}, ${kind} calibration`,
    kind: 'scores',
    words: false,
    // Several prompts cost as much as a head and several times the tokens.
    complexity: 1 + first.count / 100 + (kind === 'fitted' ? 0.001 : 0) + (further.length === 0 ? 0 : 2),
    layers: session.blocks,
    reading: `scores ${group.length} ${first.count}`,
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
      const tokensPerRecord = group.reduce((sum, prompt) => sum + prompt.tokensPerRecord(part), 0);
      return { outputs, tokensPerRecord };

      function calibrationFor(fold: string, rows: readonly number[]): Calibration {
        const known = fitted.get(fold);
        if (known !== undefined) return known;
        const made = fit(
          rows.map((row) => scores[row] as number[]),
          rows.map((row) => goldOf(part[row] as Example)),
        );
        fitted.set(fold, made);
        return made;
      }
    },
    async finish(all) {
      const rest = all.filter((example) => !inPrompt.has(example));
      const calibration = fit(await scoreAll(rest), rest.map(goldOf));
      return {
        method: 'label-likelihood',
        options: { shots: first.count, calibration: kind, poolSize: 200 },
        shots: first.shots,
        ...(further.length === 0 ? {} : { moreShots: further.map(({ shots }) => shots) }),
        calibration,
      };
    },
  };
}

/** Batch calibration with the shares that the labels have, each as if it had been seen once more. */
function batch(scores: readonly (readonly number[])[], gold: readonly number[]): Calibration {
  const counts = Array.from({ length: scores[0]?.length ?? 0 }, () => 1);
  for (const label of gold) counts[label] = (counts[label] as number) + 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return batchCalibration(
    scores,
    counts.map((count) => count / total),
  );
}
