import { classProbabilities, lexicalScores } from '../heads/classifier.js';
import type { ClassifierHead } from '../heads/classifier-file.js';
import { pooledParts, pooledPositions, pooledScores } from '../heads/pooling.js';
import { compilePrompt, type PromptModel, type PromptRenderer, type PromptText, tokenizePrompt } from '../prompt.js';
import type { ClassifyOutput, Output, TaskProfile } from '../types.js';
import { decideLabel, decideLabels } from './decide.js';
import { promptPart, tablePart } from './explain.js';
import type { HeadOptions } from './head-options.js';
import { promptLength } from './parts.js';
import { labelShots, moreLabelShots } from './shots.js';
import type { MethodContext, PieceInput, Predictor } from './types.js';

/** The profile's prompt, up to where the model would say the label: there its hidden state is about the label. */
export function classifyRenderer(profile: TaskProfile, model: PromptModel, options: HeadOptions): PromptRenderer {
  return compilePrompt(profile, model, { shots: labelShots(profile, options.shots) });
}

export async function prepareClassifier(
  { profile, engine }: MethodContext,
  { classifier, pooling, prompts: count }: ClassifierHead,
  options: HeadOptions,
): Promise<Predictor> {
  const { labels } = classifier;
  const lexical = lexicalScores(classifier);
  const further = moreLabelShots(profile).map((shots) => compilePrompt(profile, engine.model, { shots }));
  const renderers = [classifyRenderer(profile, engine.model, options), ...further];
  const overhead = Math.max(
    ...renderers.map((render) => promptLength(tokenizePrompt(engine, render({ [profile.input]: 'x' })))),
  );

  /** What the text after one of the prompts adds to the scores of the labels. */
  async function scoresAfter(shown: PromptText, which: number): Promise<Float64Array> {
    const prompt = tokenizePrompt(engine, shown);
    const positions = pooledPositions(pooling, prompt.input.length);
    const outputs = await engine.readOutputs(prompt, positions, labels.length * pooledParts(pooling) * count);
    return pooledScores(pooling, outputs, labels.length, which);
  }

  return {
    maxPieceTokens: engine.model.contextSize - overhead,
    apart: further.length > 0,

    async predict({ record, text, explain }: PieceInput) {
      const fields = { ...record.fields, [profile.input]: text };
      const prompts = renderers.map((render) => render(fields));
      const parts = await Promise.all(prompts.map(scoresAfter));
      const scores = labels.map((_, label) => parts.reduce((sum, part) => sum + (part[label] as number), 0));
      const words = lexical(text);
      const probabilities = classProbabilities(classifier, scores, words);
      const output: ClassifyOutput = {
        type: 'classify',
        labels: [],
        abstained: false,
        score: 0,
        scores: Object.fromEntries(labels.map((label, i) => [label, probabilities[i] as number])),
      };
      const rows = labels.map((label, i) => [
        label,
        (scores[i] as number).toFixed(4),
        (classifier.bias[i] as number).toFixed(4),
        ...(classifier.lexical === null ? [] : [(words[i] as number).toFixed(4)]),
        (probabilities[i] as number).toFixed(4),
      ]);
      const header = ['label', 'features', 'bias', ...(classifier.lexical === null ? [] : ['words']), 'probability'];
      return {
        output,
        explanation: explain ? [...prompts.map(promptPart), tablePart('scores', [header, ...rows])] : [],
      };
    },

    decide: (output: Output) =>
      (classifier.multiLabel ? decideLabels : decideLabel)(output as ClassifyOutput, profile.threshold, profile.labels),
  };
}
