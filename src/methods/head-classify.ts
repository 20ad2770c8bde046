import { classProbabilities, lexicalScores } from '../heads/classifier.js';
import type { ClassifierHead } from '../heads/classifier-file.js';
import { compilePrompt, type PromptModel, type PromptRenderer, tokenizePrompt } from '../prompt.js';
import type { ClassifyOutput, Output, TaskProfile } from '../types.js';
import { decideLabel, decideLabels } from './decide.js';
import { promptPart, tablePart } from './explain.js';
import type { HeadOptions } from './head-options.js';
import { promptLength } from './parts.js';
import { labelShots } from './shots.js';
import type { MethodContext, PieceInput, Predictor } from './types.js';

/** The profile's prompt, up to where the model would say the label: there its hidden state is about the label. */
export function classifyRenderer(profile: TaskProfile, model: PromptModel, options: HeadOptions): PromptRenderer {
  return compilePrompt(profile, model, { shots: labelShots(profile, options.shots) });
}

export async function prepareClassifier(
  { profile, engine }: MethodContext,
  { classifier }: ClassifierHead,
  options: HeadOptions,
): Promise<Predictor> {
  const render = classifyRenderer(profile, engine.model, options);
  const lexical = lexicalScores(classifier);
  const overhead = tokenizePrompt(engine, render({ [profile.input]: 'x' }));
  const { labels } = classifier;

  return {
    maxPieceTokens: engine.model.contextSize - promptLength(overhead),

    async predict({ record, text, explain }: PieceInput) {
      const shown = render({ ...record.fields, [profile.input]: text });
      const prompt = tokenizePrompt(engine, shown);
      const [read] = await engine.readOutputs(prompt, [prompt.input.length - 1], labels.length);
      const scores = read as Float64Array;
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
      return { output, explanation: explain ? [promptPart(shown), tablePart('scores', [header, ...rows])] : [] };
    },

    decide: (output: Output) =>
      (classifier.multiLabel ? decideLabels : decideLabel)(output as ClassifyOutput, profile.threshold, profile.labels),
  };
}
