import { z } from 'zod';
import { messageOf, usageError } from '../../errors.js';
import { classifierFrom, classifierKind } from '../../heads/classifier-file.js';
import { rowsByPart } from '../../heads/pooling.js';
import { taggerFrom, taggerKind } from '../../heads/tagger-file.js';
import { onceEach } from '../../lazy.js';
import type { StoredNumbers, TaskProfile } from '../../types.js';
import { ensembleExamples, labelExamples } from '../few-shot.js';
import { labelRenderer } from '../label-prompts.js';
import { learnedPromptShape, withLearnedPrompt } from '../learned.js';
import { learnedEmbedder, learnedEmbedderOf } from '../learned-embedder.js';
import type { Method } from '../types.js';
import { classifyingPrompt, entityPrompt } from '../usual-prompts.js';
import { prepareClassifier } from './classify.js';
import { prepareTagger, taggerRenderer } from './extract.js';
import { headOptions } from './options.js';

/**
 * A small linear layer over the model's frozen features, trained on labelled examples. No weight of the model
 * changes: the model is opened with the layer as a head and computes its scores itself, for every token at once.
 */
export const head: Method<'features'> = {
  name: 'head',
  title: 'a trained head over frozen features',
  taskTypes: ['classify', 'extract'],
  needs: ['features'],
  options: headOptions,

  renderer(profile, model) {
    const options = headOptions.parse(profile.options);
    return profile.type === 'extract'
      ? taggerRenderer(profile)
      : labelRenderer(profile, model, { ...options, choice: 'first' });
  },

  defaultPrompt: (profile) => (profile.type === 'extract' ? entityPrompt : classifyingPrompt(profile)),
  vocabulary: 'trimmed',
  mustLearn: true,
  learns: { schema: z.strictObject({ ...learnedPromptShape, embedder: learnedEmbedder }), apply: withLearnedPrompt },
  embedderOf: learnedEmbedderOf,
  candidates: async () => (await import('./candidates.js')).plan,

  reads(profile) {
    if (profile.type === 'extract') return [];
    return [labelExamples(profile, headOptions.parse(profile.options).shots), ensembleExamples(profile)];
  },

  headOf(profile) {
    const blob = blobOf(profile);
    if (blob.kind === taggerKind) {
      const { tagger, layers } = readable(profile, blob, taggerRead);
      return { layers, rows: tagger.rows };
    }
    const { classifier, layers, pooling, prompts } = readable(profile, blob, classifierRead);
    return { layers, rows: rowsByPart(classifier.rows, pooling, prompts) };
  },

  check(profile) {
    if (profile.tuned === null) return null;
    const blob = blobOf(profile);
    checkLabels(profile, blob);
    if (blob.kind === taggerKind) readable(profile, blob, taggerRead);
    else readable(profile, blob, classifierRead);
    return null;
  },

  async prepare(context) {
    const { profile } = context;
    const blob = blobOf(profile);
    const options = headOptions.parse(profile.options);
    checkLabels(profile, blob);
    if (blob.kind === taggerKind) return prepareTagger(context, readable(profile, blob, taggerRead), options);
    return prepareClassifier(context, readable(profile, blob, classifierRead), options);
  },
};

/** A start asks for what is in a head twice: for its file, and to make it ready. */
const taggerRead = onceEach(taggerFrom);
const classifierRead = onceEach(classifierFrom);

/** Reads a head file, or says what to do where this version cannot read it. */
function readable<Head>(profile: TaskProfile, blob: StoredNumbers, read: (blob: StoredNumbers) => Head): Head {
  try {
    return read(blob);
  } catch (error) {
    throw usageError(`${profile.tuned?.file}: its head cannot be read: ${messageOf(error)}.`, trainAgain(profile));
  }
}

function blobOf(profile: TaskProfile): StoredNumbers {
  const blob = profile.tuned?.numbers ?? null;
  if (blob === null) {
    throw usageError(
      `${profile.path}: the method "head" has to be trained first, for this model.`,
      `Run \`slm tune ${profile.name} --data FILE\`, or take another method.`,
    );
  }
  const fitting = profile.type === 'extract' ? taggerKind : classifierKind;
  if (blob.kind !== fitting) {
    throw usageError(
      `${profile.tuned?.file}: its head is a ${blob.kind}, and a task of type ${profile.type} needs a ${fitting}.`,
      `Train it again: \`slm tune ${profile.name} --data FILE\`.`,
    );
  }
  return blob;
}

function checkLabels(profile: TaskProfile, blob: StoredNumbers): void {
  const trained = JSON.stringify(blob.settings.labels);
  const wanted = JSON.stringify(profile.labels.map((label) => label.name));
  if (trained === wanted) return;
  throw usageError(
    `${profile.tuned?.file}: its head knows the labels ${trained}, the task has ${wanted}.`,
    trainAgain(profile),
  );
}

function trainAgain({ name }: TaskProfile): string {
  return `Train it again: \`slm tune ${name} --data FILE\`, or remove it: \`slm tune ${name} --reset\`.`;
}
