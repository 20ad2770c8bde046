import { z } from 'zod';
import { messageOf, usageError } from '../../errors.js';
import { classProbabilities, lexicalScores, rowScores } from '../../heads/classifier.js';
import { type ClassifierHead, classifierFrom } from '../../heads/classifier-file.js';
import { onceEach } from '../../lazy.js';
import type { TaskProfile } from '../../types.js';
import { deciderFor, undecided } from '../decide.js';
import { tablePart } from '../explain.js';
import { labelRenderer } from '../label-prompts.js';
import { learnedEmbedder, learnedEmbedderOf } from '../learned-embedder.js';
import type { Method, PieceInput } from '../types.js';
import { classifyingPrompt } from '../usual-prompts.js';
import { embeddingHeadOptions } from './options.js';

/** A linear layer over the embedding of the text alone, trained on labelled examples; no prompt is read. */
export const embeddingHead: Method<'embeddings'> = {
  name: 'embedding-head',
  title: 'a trained head over embeddings',
  taskTypes: ['classify'],
  needs: ['embeddings'],
  options: embeddingHeadOptions,
  renderer: (profile, model) => labelRenderer(profile, model, { shots: 0, choice: 'first' }),
  defaultPrompt: classifyingPrompt,
  vocabulary: 'whole',
  mustLearn: true,
  learns: { schema: z.strictObject({ embedder: learnedEmbedder }) },
  embedderOf: learnedEmbedderOf,
  candidates: async () => (await import('./candidates.js')).plan,

  check(profile) {
    if (profile.tuned !== null) headOf(profile);
    return null;
  },

  async prepare({ profile, engine }) {
    const { classifier } = headOf(profile);
    const { labels } = classifier;
    const options = embeddingHeadOptions.parse(profile.options);
    const prefix = learnedEmbedderOf(profile)?.prefix ?? options.prefix ?? engine.prefixes.text;
    const lexical = lexicalScores(classifier);
    return {
      // The engine reads long texts in parts, as it did when the head was trained.
      maxPieceTokens: null,

      async predict({ text, explain }: PieceInput) {
        const [vector] = (await engine.embed([prefix + text])) as [Float32Array];
        const scores = rowScores(classifier.rows, vector);
        const words = lexical(text);
        const probabilities = classProbabilities(classifier, scores, words);
        const output = undecided(labels, probabilities);
        const rows = labels.map((label, i) =>
          [label, scores[i], classifier.bias[i], words[i], probabilities[i]].map((cell) =>
            typeof cell === 'number' ? cell.toFixed(4) : String(cell),
          ),
        );
        const header = ['label', 'embedding', 'bias', 'words', 'probability'];
        return { output, explanation: explain ? [tablePart('scores', [header, ...rows])] : [] };
      },

      decide: deciderFor(profile, classifier.multiLabel),
    };
  },
};

const read = onceEach(classifierFrom);

function headOf(profile: TaskProfile): ClassifierHead {
  const numbers = profile.tuned?.numbers ?? null;
  if (numbers === null) {
    throw usageError(
      `${profile.path}: an embedding model cannot give labels until a head is trained on examples of them.`,
      `Run \`slm tune ${profile.name} -m MODEL --data FILE\`, or take a language model.`,
    );
  }
  let head: ClassifierHead;
  try {
    head = read(numbers);
  } catch (error) {
    throw usageError(`${profile.tuned?.file}: its head cannot be read: ${messageOf(error)}.`, again(profile));
  }
  const trained = JSON.stringify(head.classifier.labels);
  const wanted = JSON.stringify(profile.labels.map(({ name }) => name));
  if (trained === wanted) return head;
  throw usageError(
    `${profile.tuned?.file}: its head knows the labels ${trained}, the task has ${wanted}.`,
    again(profile),
  );
}

function again({ name }: TaskProfile): string {
  return `Train it again: \`slm tune ${name} --data FILE\`, or remove it: \`slm tune ${name} --reset\`.`;
}
