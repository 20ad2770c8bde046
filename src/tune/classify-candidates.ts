import { type ClassifierData, trainClassifier } from '../heads/classifier.js';
import { classifierBlob, coarseClassifierArrays } from '../heads/classifier-file.js';
import { crossValidate } from '../linear/cross-validation.js';
import type { DenseMatrix } from '../linear/matrix.js';
import { logProbabilities } from '../linear/model.js';
import type { Targets } from '../linear/targets.js';
import { fitClassTfidf, tfidfTransform } from '../linear/tfidf.js';
import { batchCalibration, type Calibration, calibrate, fittedCalibration } from '../methods/calibration.js';
import { decideLabel, decideLabels } from '../methods/decide.js';
import { balancedShots } from '../methods/shots.js';
import { compilePrompt, type PromptRenderer, tokenizePrompt, usesChat } from '../prompt.js';
import type { ClassifyOutput, Example, TaskProfile, TunedShot } from '../types.js';
import { breath } from './breath.js';
import { featureStore } from './feature-store.js';
import { memo } from './memo.js';
import type { Candidate, TuneSession } from './types.js';

/** Shares of the model's blocks after which the end of a prompt is looked at: meaning comes late. */
const depths = [0.6, 0.8];
/** Few-shot examples in the prompt, balanced. */
const shotCounts = [0, 4, 8, 16];
const headShotCounts = [0, 8, 16];
/** Tokens of an example in the prompt. */
const longestShot = 64;

export function classifyCandidates(session: TuneSession, examples: readonly Example[]): Candidate[] {
  const { profile } = session;
  const lexical = lexicalCandidate(profile, session.seed);
  const scored = profile.multiLabel ? [] : scoreCandidates(session, examples);
  return [lexical, ...scored, ...headCandidates(session, examples)];
}

/** A prompt with some of the examples in it, and the examples that are left to learn from. */
interface ShotPrompt {
  readonly count: number;
  readonly shots: readonly TunedShot[];
  readonly inPrompt: ReadonlySet<Example>;
  readonly render: PromptRenderer;
}

/**
 * What may stand in a prompt: short examples, and of each label a third at most, since what stands there is neither
 * learned from nor measured.
 */
function shotPool({ profile, engine }: TuneSession, examples: readonly Example[]): Example[] {
  return profile.labels.flatMap(({ name }) => {
    const own = examples.filter(({ gold }) => gold.type === 'classify' && gold.labels[0] === name);
    const short = own.filter(({ record }) => engine.tokenize(record.text).length <= longestShot);
    return short.slice(0, Math.floor(own.length / 3));
  });
}

function shotPrompt(session: TuneSession, examples: readonly Example[], count: number): ShotPrompt | null {
  const { profile, engine } = session;
  const chosen = balancedShots(shotPool(session, examples), profile.labels, count);
  if (chosen.length < count) return null;
  const words = new Map(profile.labels.map(({ name, word }) => [name, word]));
  const shots = chosen.map(({ record, gold }) => ({
    fields: { [profile.input]: record.text },
    label: gold.type === 'classify' ? (gold.labels[0] as string) : '',
  }));
  const render = compilePrompt(profile, engine.model, {
    shots: shots.map(({ fields, label }) => ({ fields, target: words.get(label) as string })),
  });
  const [longest] = [...examples].sort((a, b) => b.record.text.length - a.record.text.length);
  const { prefix, input } = tokenizePrompt(engine, render(fieldsOf(profile, longest as Example)));
  const tokens = prefix.reduce((sum, part) => sum + part.length, input.length);
  // Some room for the label, and for a text that has more tokens in fewer characters.
  if (count > 0 && tokens > 0.9 * engine.model.contextSize) return null;
  return { count, shots, inPrompt: new Set(chosen), render };
}

/** Labels scored as continuations of the prompt, with the bias taken off by what the other folds show. */
function scoreCandidates(session: TuneSession, examples: readonly Example[]): Candidate[] {
  const { profile, engine } = session;
  const separator = usesChat(profile, engine.model) ? '' : ' ';
  const words = profile.labels.map(({ word }) => engine.tokenize(separator + word));
  const indexOf = new Map(profile.labels.map(({ name }, i) => [name, i]));
  const goldOf = ({ gold }: Example) => indexOf.get(gold.type === 'classify' ? (gold.labels[0] ?? '') : '') as number;
  return shotCounts.flatMap((count) => {
    const prompt = shotPrompt(session, examples, count);
    if (prompt === null || (count > 0 && count < profile.labels.length)) return [];
    const scoreOne = memo(async (example: Example) =>
      engine.scoreContinuations(tokenizePrompt(engine, prompt.render(fieldsOf(profile, example))), words),
    );
    const scoreAll = async (list: readonly Example[]) => {
      let done = 0;
      return Promise.all(
        list.map(async (example) => {
          session.signal.throwIfAborted();
          const scores = await scoreOne(example);
          session.onProgress(`scoring labels, ${count} examples in the prompt`, ++done, list.length);
          return scores;
        }),
      );
    };
    const kinds = [
      { kind: 'batch', fit: (scores: number[][], _: number[]): Calibration => batchCalibration(scores) },
      { kind: 'fitted', fit: fittedCalibration },
    ];
    return kinds.map(
      ({ kind, fit }): Candidate => ({
        key: `scores 1 shots=${count} calibration=${kind}`,
        title: `label scores, ${count} examples in the prompt, ${kind} calibration`,
        kind: 'scores',
        words: false,
        complexity: 1 + count / 100 + (kind === 'fitted' ? 0.001 : 0),
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
            // An example that stands in the prompt says nothing: its answer is there.
            return prompt.inPrompt.has(example)
              ? unknown(profile)
              : outputOf(profile, calibrate(scores[i] as number[], calibration));
          });
          return { outputs, tokensPerRecord: tokensOf(session, prompt.render, part) };

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
            options: { shots: count, calibration: kind, poolSize: 200 },
            shots: prompt.shots,
            calibration,
          };
        },
      }),
    );
  });
}

function headCandidates(session: TuneSession, examples: readonly Example[]): Candidate[] {
  if (typeof session.derive !== 'function') return [];
  const { profile, engine } = session;
  const layersToTry = [...new Set(depths.map((depth) => Math.max(1, Math.round(session.blocks * depth))))];
  return headShotCounts.flatMap((count) => {
    const prompt = profile.multiLabel && count > 0 ? null : shotPrompt(session, examples, count);
    if (prompt === null || (count > 0 && count < profile.labels.length)) return [];
    return layersToTry.flatMap((layers) => {
      const features = featureStore(
        session,
        layers,
        examples,
        (example) => {
          const tokens = tokenizePrompt(engine, prompt.render(fieldsOf(profile, example)));
          return { prompt: tokens, positions: [tokens.input.length - 1] };
        },
        `reading, ${layers} layers, ${count} examples in the prompt`,
      );
      return [false, true].map((lexical): Candidate => {
        const options = {
          labels: profile.labels.map(({ name }) => name),
          width: session.width,
          lexical,
          seed: session.seed,
        };
        const dataOf = async (list: readonly Example[]): Promise<ClassifierData> => ({
          texts: list.map(({ record }) => record.text),
          hidden: await features.read(list),
          targets: targetsOf(profile, list),
        });
        return {
          key: `classifier 1 layers=${layers} shots=${count} lexical=${lexical}`,
          title: `head, ${layers} layers, ${count} examples in the prompt${lexical ? ', with words' : ''}`,
          kind: 'head',
          words: lexical,
          complexity: 2 + layers / 1000 + count / 10_000 + (lexical ? 0.1 : 0),
          layers,
          inPrompt: prompt.inPrompt,
          async heldOut(part) {
            // What stands in the prompt is not learned from, nor asked about: its answer is there to be read.
            const rest = part.filter((example) => !prompt.inPrompt.has(example));
            const data = await dataOf(rest);
            session.onProgress('training', 0, 1);
            await breath();
            const learned = outputsOf(profile, trainClassifier(data, options).heldOut);
            const byExample = new Map(rest.map((example, i) => [example, learned[i] as ClassifyOutput]));
            return {
              outputs: part.map((example) => byExample.get(example) ?? unknown(profile)),
              tokensPerRecord: tokensOf(session, prompt.render, part),
            };
          },
          async finish(all) {
            const { classifier } = trainClassifier(await dataOf(all.filter((e) => !prompt.inPrompt.has(e))), options);
            return {
              method: 'head',
              options: { shots: count },
              shots: prompt.shots,
              head: { blob: classifierBlob({ classifier, layers }), coarse: coarseClassifierArrays },
            };
          },
        };
      });
    });
  });
}

/** The yardstick: counts of words and characters, without a model. */
function lexicalCandidate(profile: TaskProfile, seed: number): Candidate {
  return {
    key: 'lexical classifier 1',
    title: 'TF-IDF of words and characters, no model',
    kind: 'yardstick',
    words: true,
    complexity: 0,
    layers: 0,
    async heldOut(examples) {
      const texts = examples.map(({ record }) => record.text);
      const { tfidf, large } = fitClassTfidf(texts, profile.labels.length);
      const X = tfidfTransform(tfidf)(texts);
      const targets = targetsOf(profile, examples);
      const { heldOut } = crossValidate(X, targets, {
        grid: large ? [1, 0.3] : [3, 1, 0.3, 0.1, 0.03],
        folds: large ? 2 : 5,
        seed,
        tolerance: 1e-4,
      });
      await breath();
      const link = targets.kind === 'multi' ? 'sigmoid' : 'softmax';
      return { outputs: outputsOf(profile, logProbabilities(heldOut, link)), tokensPerRecord: 0 };
    },
    finish: null,
  };
}

function fieldsOf(profile: TaskProfile, { record }: Example): Record<string, unknown> {
  return { ...record.fields, [profile.input]: record.text };
}

function targetsOf(profile: TaskProfile, examples: readonly Example[]): Targets {
  const classes = profile.labels.length;
  const indexOf = new Map(profile.labels.map(({ name }, i) => [name, i]));
  const labelsOf = ({ gold }: Example) => (gold.type === 'classify' ? gold.labels : []);
  if (!profile.multiLabel) {
    const y = Int32Array.from(examples, (example) => indexOf.get(labelsOf(example)[0] ?? '') ?? 0);
    return { kind: 'single', classes, y };
  }
  const y = new Uint8Array(examples.length * classes);
  examples.forEach((example, row) => {
    for (const label of labelsOf(example)) y[row * classes + (indexOf.get(label) as number)] = 1;
  });
  return { kind: 'multi', classes, y };
}

function outputsOf(profile: TaskProfile, { rows, columns, values }: DenseMatrix): ClassifyOutput[] {
  return Array.from({ length: rows }, (_, row) =>
    outputOf(profile, Array.from(values.subarray(row * columns, (row + 1) * columns), Math.exp)),
  );
}

/** Decided without a threshold: that is chosen afterwards. */
function outputOf({ labels, multiLabel }: TaskProfile, probabilities: readonly number[]): ClassifyOutput {
  const scores = Object.fromEntries(labels.map(({ name }, i) => [name, probabilities[i] as number]));
  const output: ClassifyOutput = { type: 'classify', labels: [], abstained: false, score: 0, scores };
  return multiLabel
    ? decideLabels(output, { min: 0.5, below: 'abstain' }, labels)
    : decideLabel(output, { min: 0, below: 'abstain' }, labels);
}

/** Of an example whose answer stands in the prompt: every label is as likely. */
function unknown(profile: TaskProfile): ClassifyOutput {
  return outputOf(
    profile,
    profile.labels.map(() => 1 / profile.labels.length),
  );
}

function tokensOf(session: TuneSession, render: PromptRenderer, examples: readonly Example[]): number {
  const few = examples.slice(0, 50);
  const tokens = few.reduce(
    (sum, example) => sum + tokenizePrompt(session.engine, render(fieldsOf(session.profile, example))).input.length,
    0,
  );
  return tokens / Math.max(1, few.length);
}
