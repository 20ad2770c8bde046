import { classProbabilities, lexicalScores, rowScores } from '../../heads/classifier.js';
import type { ClassifierHead } from '../../heads/classifier-file.js';
import { pooledParts, pooledPositions, pooledScores } from '../../heads/pooling.js';
import { type PromptText, tokenizePrompt } from '../../prompt.js';
import { deciderFor, undecided } from '../decide.js';
import { promptPart, tablePart } from '../explain.js';
import { labelPrompts } from '../label-prompts.js';
import { learnedEmbedderOf } from '../learned-embedder.js';
import type { MethodContext, PieceInput, Predictor } from '../types.js';
import type { HeadOptions } from './options.js';

export async function prepareClassifier(
  { profile, engine, embedder = null }: MethodContext<'features'>,
  { classifier, pooling, prompts: count }: ClassifierHead,
  options: HeadOptions,
): Promise<Predictor> {
  const { labels } = classifier;
  const lexical = lexicalScores(classifier);
  const prompts = labelPrompts(profile, engine, { ...options, choice: 'first' });

  /** What an embedding model adds to them; nothing where the head was trained without one. */
  async function scoresOfVector(text: string): Promise<number[]> {
    if (classifier.vectors === null) return labels.map(() => 0);
    if (embedder === null) throw new Error('the embedding model of the head is not open');
    const [vector] = (await embedder.embed([(learnedEmbedderOf(profile)?.prefix ?? '') + text])) as [Float32Array];
    return rowScores(classifier.vectors, vector);
  }

  /** The scores that the text after one of the prompts adds to the labels. */
  async function scoresAfter(text: PromptText, which: number): Promise<Float64Array> {
    const prompt = tokenizePrompt(engine, text);
    const positions = pooledPositions(pooling, prompt.input.length);
    const outputs = await engine.headScores(prompt, positions, labels.length * pooledParts(pooling) * count);
    return pooledScores(pooling, outputs, labels.length, which);
  }

  return {
    maxPieceTokens: prompts.longestText(0),
    apart: prompts.several,

    async predict({ record, text, explain }: PieceInput) {
      // Its hidden state where the model would say the label is about the label.
      const shown = prompts.render({ ...record.fields, [profile.input]: text });
      const [parts, ofVector] = await Promise.all([Promise.all(shown.map(scoresAfter)), scoresOfVector(text)]);
      const scores = labels.map((_, label) => parts.reduce((sum, part) => sum + (part[label] as number), 0));
      const words = lexical(text);
      const probabilities = classProbabilities(classifier, scores, words, ofVector);
      const output = undecided(labels, probabilities);
      const rows = labels.map((label, i) => [
        label,
        (scores[i] as number).toFixed(4),
        (classifier.bias[i] as number).toFixed(4),
        ...(classifier.lexical === null ? [] : [(words[i] as number).toFixed(4)]),
        ...(classifier.vectors === null ? [] : [(ofVector[i] as number).toFixed(4)]),
        (probabilities[i] as number).toFixed(4),
      ]);
      const header = [
        ...['label', 'features', 'bias'],
        ...(classifier.lexical === null ? [] : ['words']),
        ...(classifier.vectors === null ? [] : ['embedding']),
        'probability',
      ];
      return {
        output,
        explanation: explain ? [...shown.map(promptPart), tablePart('scores', [header, ...rows])] : [],
      };
    },

    decide: deciderFor(profile, classifier.multiLabel),
  };
}
