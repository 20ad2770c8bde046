import { batchCalibration, type Calibration, calibrate, fittedCalibration } from '../methods/calibration.js';
import { usesChat } from '../prompt.js';
import type { ClassifyOutput, Example } from '../types.js';
import { outputOf, unknown } from './classify-outputs.js';
import { memo } from './memo.js';
import { shotPrompts } from './shot-prompts.js';
import type { Candidate, TuneSession } from './types.js';

/** Few-shot examples in the prompt, balanced. */
const shotCounts = [0, 4, 8, 16];

/** Labels scored as continuations of the prompt, with the bias taken off by what the other folds show. */
export function scoreCandidates(session: TuneSession, examples: readonly Example[]): Candidate[] {
  const { profile, engine } = session;
  const separator = usesChat(profile, engine.model) ? '' : ' ';
  const words = profile.labels.map(({ word }) => engine.tokenize(separator + word));
  const indexOf = new Map(profile.labels.map(({ name }, i) => [name, i]));
  const goldOf = ({ gold }: Example) => indexOf.get(gold.type === 'classify' ? (gold.labels[0] ?? '') : '') as number;
  return shotPrompts(session, examples, shotCounts).flatMap((prompt) => {
    const scoreOne = memo(async (example: Example) => engine.scoreContinuations(prompt.tokens(example), words));
    const scoreAll = async (list: readonly Example[]) => {
      let done = 0;
      return Promise.all(
        list.map(async (example) => {
          session.signal.throwIfAborted();
          const scores = await scoreOne(example);
          session.onProgress(`scoring labels, ${prompt.count} examples in the prompt`, ++done, list.length);
          return scores;
        }),
      );
    };
    const kinds = [
      { kind: 'batch', fit: batch },
      { kind: 'fitted', fit: fittedCalibration },
    ];
    return kinds.map(
      ({ kind, fit }): Candidate => ({
        key: `scores 2 shots=${prompt.count} calibration=${kind}`,
        title: `label scores, ${prompt.count} examples in the prompt, ${kind} calibration`,
        kind: 'scores',
        words: false,
        complexity: 1 + prompt.count / 100 + (kind === 'fitted' ? 0.001 : 0),
        layers: session.blocks,
        inPrompt: prompt.inPrompt,
        async heldOut(part, folds) {
          const scores = await scoreAll(part);
          const fitted = new Map<string, Calibration>();
          const outputs = part.map((example, i): ClassifyOutput => {
            const others = part
              .map((_, j) => j)
              .filter((j) => folds[j] !== folds[i] && !prompt.inPrompt.has(part[j] as Example));
            const calibration = calibrationFor(String(folds[i]), others);
            return prompt.inPrompt.has(example)
              ? unknown(profile)
              : outputOf(profile, calibrate(scores[i] as number[], calibration));
          });
          return { outputs, tokensPerRecord: prompt.tokensPerRecord(part) };

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
          const rest = all.filter((example) => !prompt.inPrompt.has(example));
          const calibration = fit(await scoreAll(rest), rest.map(goldOf));
          return {
            method: 'label-likelihood',
            options: { shots: prompt.count, calibration: kind, poolSize: 200 },
            shots: prompt.shots,
            calibration,
          };
        },
      }),
    );
  });
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
