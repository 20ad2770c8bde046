import type { FormatOptions } from '../../formats/types.js';
import { digestOf } from '../../jobs/rolling-digest.js';
import type { JobSpec } from '../../jobs/spec.js';
import type { Document } from '../../methods/types.js';
import { sha256Of } from '../../models/digest.js';
import { openStages, type Task } from '../../predict.js';
import { readConfig } from '../config.js';
import type { EngineFlags } from '../opening/flags.js';
import type { Surroundings } from '../surroundings.js';
import type { Input, InputFlags } from './inputs.js';

/** All that the output for a record depends on beside the record itself. */
export async function outputBasis(
  surroundings: Surroundings,
  task: Task,
  documents: readonly Document[],
  flags: EngineFlags,
): Promise<JobSpec> {
  const [first = task, ...others] = await openStages(task);
  const basis = await basisOf(surroundings, first, documents, flags);
  if (task.stage === undefined) return basis;
  const bases = await Promise.all(others.map((other) => basisOf(surroundings, other, documents, flags)));
  return {
    ...basis,
    cascade: [first, ...others].map(({ stage }) =>
      stage?.atLeast == null ? (stage?.model ?? '') : `${stage.model} from ${stage.atLeast}`,
    ),
    'other models': digestOf(bases),
  };
}

async function basisOf(
  surroundings: Surroundings,
  { profile, engine, constants }: Task,
  documents: readonly Document[],
  flags: EngineFlags,
): Promise<JobSpec> {
  const { model } = engine;
  const { method, options, prompt, labels, multiLabel, schema, grammar, examples, input } = profile;
  return {
    slm: surroundings.version,
    task: profile.name,
    profile: profile.digest,
    settings: digestOf({ method, options, prompt, labels, multiLabel, schema, grammar, examples, input }),
    among: profile.among ?? null,
    threshold: `${profile.threshold.min}, below it ${profile.threshold.below}`,
    constants,
    documents:
      documents.length === 0
        ? null
        : digestOf(documents.map((document) => [document.source, document.digest ?? digestOf(document.text)])),
    model: model.name,
    'model sha256': model.sha256 ?? (model.path === null ? null : await sha256Of(model.path, surroundings.signal)),
    'context size': model.contextSize,
    gpu: flags.gpu ?? (await readConfig(surroundings)).gpu ?? null,
  };
}

/** How the results of a run are chosen and written. */
export function resultForm(
  inputs: readonly Input[],
  flags: InputFlags,
  form: { format: string; explain: boolean } & Pick<FormatOptions, 'offsets' | 'passThrough'>,
): JobSpec {
  return {
    inputs: inputs.map(({ source }) => source.file),
    'input formats': inputs.map(({ reader }) => reader.name),
    field: flags.field ?? null,
    columns: flags.columns ?? null,
    delimiter: flags.delimiter ?? null,
    encoding: flags.encoding ?? null,
    'longest record': flags.maxRecordSize,
    ...(flags.maxWord === undefined ? {} : { 'longest word': flags.maxWord }),
    limit: flags.limit ?? null,
    shard: flags.shard === undefined ? null : `${flags.shard.part}/${flags.shard.parts}`,
    format: form.format,
    offsets: form.offsets,
    'other fields': form.passThrough,
    explain: form.explain,
  };
}
