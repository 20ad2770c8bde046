import { z } from 'zod';
import { defaults } from '../app/defaults.js';
import type { EngineFlags, TaskFlags } from '../app/opening/flags.js';
import type { GoldFlags } from '../app/run/gold.js';
import { given } from '../given.js';
import { asOptions } from './gold-wording.js';
import { count, flag, names, oneOf, probability, type Shape, text, texts } from './option-kinds.js';
import { type PlaceOptions, placeShape } from './surroundings.js';

/** The model, and how it is run. What is left out is as on the command line. */
export interface ModelOptions extends PlaceOptions {
  /** A name of the catalogue, a path to a GGUF file, or an address such as `hf:owner/repo/file.gguf`. */
  model?: string;
  /** Processor threads. Default: the processors that this process may use. */
  threads?: number;
  /** Tokens that a prompt may have. Default: 2048; with an embedding model, 512. */
  contextSize?: number;
  gpu?: 'auto' | 'cuda' | 'vulkan' | 'metal';
}

/** Schemas of these options. */
export const modelShape = {
  ...placeShape,
  model: text.optional(),
  threads: count(1).optional(),
  contextSize: count(64).optional(),
  gpu: oneOf(['auto', 'cuda', 'vulkan', 'metal']).optional(),
} satisfies Shape<ModelOptions>;

/** How a task is run. */
export interface TaskOptions extends ModelOptions {
  /** No label, or no answer, below this probability. Default: as the task says. */
  threshold?: number;
  /** Labels of the task that a result may have; probabilities are shared out among them. Default: all. */
  among?: readonly string[];
  /** Documents to answer from, in place of the task's own: files, or folders of files. */
  documents?: readonly string[];
  /** As the task is written, whatever was tuned. */
  untuned?: boolean;
}

/** Schemas of these options. */
export const taskShape = {
  ...modelShape,
  threshold: probability.optional(),
  among: names.optional(),
  documents: texts.optional(),
  untuned: flag.optional(),
} satisfies Shape<TaskOptions>;

/** Labelled data: the path of a file, or records with their answers, such as `{ text: '…', label: 'good' }`. */
export type LabelledData = string | readonly Readonly<Record<string, unknown>>[];

/** How labelled data is read (docs/input.md). */
export interface DataOptions {
  /** The format of the file, instead of by its suffix. */
  dataFormat?: 'jsonl' | 'json' | 'csv' | 'tsv' | 'conll' | 'squad';
  /** Field or column of the text. */
  field?: string;
  /** Field or column of the label. */
  labelField?: string;
  /** Names of labels by what they are called in the data; an empty name drops an entity. */
  labelMap?: Readonly<Record<string, string>>;
  /** Names of the columns of a table without a header. */
  columns?: readonly string[];
  /** Delimiter of the fields of a CSV file; told by its first line unless it is given. */
  delimiter?: string;
  /** Encoding of the file, such as `windows-1252`; told from its bytes unless it is given. */
  encoding?: string;
  /** No more examples than this. */
  limit?: number;
}

/** Schemas of these options. */
export const dataShape = {
  dataFormat: oneOf(['jsonl', 'json', 'csv', 'tsv', 'conll', 'squad']).optional(),
  field: text.optional(),
  labelField: text.optional(),
  labelMap: z.record(z.string(), z.string('the name of a label'), 'an object of names').readonly().optional(),
  columns: names.optional(),
  delimiter: z
    .string('a character')
    .regex(/^(?![\p{L}\d\s]{2,}$)[^"\r\n]+$/u, 'a character such as ";" or "\\t"')
    .optional(),
  encoding: text.optional(),
  limit: count(1).optional(),
} satisfies Shape<DataOptions>;

/** The application's names of these options. */
export function engineFlags({ model, threads, contextSize, gpu }: ModelOptions): EngineFlags {
  return given({ model, threads, contextSize, gpu });
}

export function taskFlags(options: TaskOptions): TaskFlags {
  const { threshold, among, untuned, documents } = options;
  return {
    ...engineFlags(options),
    ...given({ threshold, untuned, among: copied(among), context: copied(documents) }),
  };
}

export function goldFlags(options: DataOptions): GoldFlags {
  const { dataFormat, field, labelField, labelMap, columns, delimiter, encoding, limit } = options;
  return {
    maxRecordSize: defaults.maxRecordSize,
    wording: asOptions,
    ...given({ dataFormat, field, labelField, columns: copied(columns), delimiter, encoding, limit }),
    ...(labelMap === undefined ? {} : { labelMap: new Map(Object.entries(labelMap)) }),
  };
}

function copied(list: readonly string[] | undefined): string[] | undefined {
  return list === undefined ? undefined : [...list];
}
