import path from 'node:path';
import type { HeadStart } from '../../engines/index.js';
import { summaryOf, type TaskSummary } from '../../host/protocol.js';
import { bucketStore } from '../../jobs/bucket-store.js';
import { knownOutputs } from '../../jobs/known-outputs.js';
import type { JobSpec } from '../../jobs/spec.js';
import { once } from '../../lazy.js';
import { type KnownOutputs, predict, usageOf } from '../../predict.js';
import { loadProfile } from '../../profile/index.js';
import type { BadRow } from '../../record.js';
import type { EngineUsage, InputRecord, Prediction } from '../../types.js';
import { documentsFor } from '../opening/documents.js';
import type { TaskFlags } from '../opening/flags.js';
import { openTaskFor } from '../opening/open-cascade.js';
import { cacheDirectory, profileContext, type Surroundings } from '../surroundings.js';
import { outputBasis } from './run-spec.js';

/** Where predictions come from: a model in this process, or a warm host. */
export interface TaskSource {
  readonly summary: TaskSummary;
  /** All that outputs depend on beside the record. May have to read the whole model. */
  basis(): Promise<JobSpec>;
  /**
   * To be called after a result was computed and before it is kept.
   * @throws SlmError of kind `model` when the model was written to since it was loaded
   */
  checkModel(): void;
  /** @param options.signal ends these predictions alone; the surroundings' own ends all */
  predict(
    records: AsyncIterable<InputRecord | BadRow>,
    options: { explain: boolean; signal?: AbortSignal },
  ): AsyncIterable<Prediction>;
  /** The cost of the predictions; null where it cannot be told apart from the cost of other clients. */
  usage(): EngineUsage | null;
  /** Records whose results were taken from the cache. */
  cached(): number;
  /** Frees the model, or leaves the host. */
  close(): Promise<void>;
}

/** A model in this process. */
export interface LoadedSource extends TaskSource {
  countTokens(text: string): number;
}

/**
 * Loads task and model into this process.
 * @param early the model under way, if it is the one
 */
export async function openHere(
  surroundings: Surroundings,
  spec: string,
  flags: TaskFlags & { cache?: boolean },
  parallel: 'one' | 'many',
  early: HeadStart | null,
): Promise<LoadedSource> {
  const profile = await loadProfile(spec, profileContext(surroundings));
  const documents = await documentsFor(surroundings, profile, flags.context ?? []);
  const { task, checkModel, close } = await openTaskFor(surroundings, profile, flags, parallel, documents, early);
  const basis = once(() => outputBasis(surroundings, task, documents, flags));
  const store = flags.cache === true ? bucketStore(path.join(cacheDirectory(surroundings), 'results')) : null;
  const known = store === null ? null : knownOutputs(store, task, await basis());
  return {
    summary: summaryOf(task),
    basis,
    checkModel,
    async *predict(records, { explain, signal }) {
      try {
        yield* predict(task, records, {
          explain,
          now: surroundings.now,
          signal: signal === undefined ? surroundings.signal : AbortSignal.any([surroundings.signal, signal]),
          ...(known === null ? {} : { known: checkedFirst(known, checkModel) }),
        });
      } catch (error) {
        // A model that was written to may give no numbers, and that is why.
        checkModel();
        throw error;
      }
    },
    usage: () => usageOf(task),
    cached: () => known?.hits ?? 0,
    countTokens: (text) => task.engine.countTokens(text),
    close,
  };
}

/** A result of a model that was written to must not stay. */
function checkedFirst(known: KnownOutputs, check: () => void): KnownOutputs {
  return {
    get: (record) => known.get(record),
    async set(record, output) {
      check();
      await known.set(record, output);
    },
  };
}
