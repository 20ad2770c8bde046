import { usageError } from '../../errors.js';
import type { Candidate, TuneSession } from '../../methods/candidates/types.js';
import { planFor } from '../../tune/plan.js';
import type { Example, TaskProfile } from '../../types.js';
import { isEmbedding, openEmbedding } from '../opening/embedding.js';
import type { EngineFlags } from '../opening/flags.js';
import { resolveNamed } from '../opening/open.js';
import type { Surroundings } from '../surroundings.js';

/** An embedding model beside the one that is tuned: what heads over its vectors reach on the same examples. */
export interface Beside {
  readonly name: string;
  /** Measured only: a run has one model. */
  readonly candidates: readonly Candidate[];
  close(): Promise<void>;
}

/**
 * Opens an embedding model to be measured beside another model.
 * @throws SlmError where it is none, or the task cannot be done by one
 */
export async function openBeside(
  surroundings: Surroundings,
  spec: string,
  session: TuneSession<never>,
  examples: readonly Example[],
  flags: EngineFlags & { readonly words: boolean },
): Promise<Beside> {
  const model = await resolveNamed(surroundings, spec);
  if (!isEmbedding(model)) {
    throw usageError(`--embedder: ${model.name} is no embedding model.`, 'Tune on it with -m instead.');
  }
  const engine = await openEmbedding(surroundings, model, flags);
  const own = { ...session, engine } as unknown as TuneSession<never>;
  const plan = await planFor(own, examples, { kind: 'head', words: flags.words });
  const heads = plan.candidates.filter(({ finish }) => finish !== null);
  if (heads.length === 0) {
    await engine.dispose();
    throw usageError(`--embedder: ${describe(session.profile)} cannot be done over embeddings.`);
  }
  return {
    name: model.name,
    candidates: heads.map((candidate) => ({
      ...candidate,
      key: `${model.sha256 ?? model.path} ${candidate.key}`,
      title: `${model.name}: ${candidate.title}`,
      finish: null,
      // Nothing of the tuned model is read.
      layers: 0,
    })),
    close: () => engine.dispose(),
  };
}

function describe({ name, type }: TaskProfile): string {
  return `"${name}", a task of type ${type},`;
}
