import path from 'node:path';
import { usageError } from '../../errors.js';
import { textVectors } from '../../methods/candidates/text-vectors.js';
import type { Candidate, TuneSession, VectorsBeside } from '../../methods/candidates/types.js';
import { methodOf } from '../../methods/index.js';
import { type ResolvedModel, readSpec } from '../../models/index.js';
import { planFor } from '../../tune/plan.js';
import type { Example, TaskProfile } from '../../types.js';
import { resolveNamed } from '../opening/choose-model.js';
import { isEmbedding, openEmbedding } from '../opening/embedding.js';
import type { EngineFlags } from '../opening/flags.js';
import { modelDigest } from '../opening/tuned-settings.js';
import { modelEnvironment, type Surroundings } from '../surroundings.js';

/** An embedding model beside the one that is tuned. */
export interface Beside {
  /** Heads over its vectors alone, which then do the task in place of the model. */
  readonly candidates: readonly Candidate[];
  /** For heads that read both. */
  readonly vectors: VectorsBeside;
  close(): Promise<void>;
}

/**
 * The file of an embedding model, fetched where it is missing.
 * @throws SlmError where there is none of that name, or it is no embedding model
 */
export async function embedderNamed(surroundings: Surroundings, spec: string): Promise<ResolvedModel> {
  const model = await resolveNamed(surroundings, spec);
  if (isEmbedding(model)) return model;
  throw usageError(`--embedder: ${model.name} is no embedding model.`, 'Tune on it with -m instead.');
}

/**
 * Opens an embedding model beside another model.
 * @throws SlmError where it is none, or the task cannot be done by one
 */
export async function openBeside(
  surroundings: Surroundings,
  spec: string,
  session: TuneSession<never>,
  examples: readonly Example[],
  flags: EngineFlags & { readonly words: boolean },
): Promise<Beside> {
  const model = await embedderNamed(surroundings, spec);
  const read = await readSpec(spec, modelEnvironment(surroundings));
  const sha256 = await modelDigest(surroundings, model);
  const engine = await openEmbedding(surroundings, model, flags);
  const prefix = engine.prefixes.text;
  const vectors: VectorsBeside = {
    ...textVectors(session, engine, prefix, examples),
    // A task may run in another folder.
    embedder: { model: read.kind === 'path' ? path.resolve(read.path) : spec, sha256, prefix },
    engine,
  };
  const own = { ...session, engine, beside: vectors, mostBlocks: session.blocks } as unknown as TuneSession<never>;
  const plan = await planFor(own, examples, { kind: 'head', words: flags.words });
  const heads = plan.candidates.filter(({ finish }) => finish !== null);
  if (heads.length === 0 && !isOfUse(session.profile)) {
    await engine.dispose();
    throw usageError(`--embedder: ${describe(session.profile)} cannot be done over embeddings.`);
  }
  return {
    candidates: heads.map((candidate) => ({
      ...candidate,
      key: `${sha256} ${candidate.key}`,
      title: `${model.name}: ${candidate.title}`,
      // Nothing of the tuned model is read.
      layers: 0,
    })),
    vectors,
    close: () => engine.dispose(),
  };
}

/** Whether the method of the task compares texts by an embedding model, beside what is tuned. */
function isOfUse(profile: TaskProfile): boolean {
  const { embedderOf, mustLearn } = methodOf(profile);
  return embedderOf !== undefined && mustLearn !== true;
}

function describe({ name, type }: TaskProfile): string {
  return `"${name}", a task of type ${type},`;
}
