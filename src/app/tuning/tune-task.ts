import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileCache } from '../../cache.js';
import { engines } from '../../engines/index.js';
import { messageOf, SlmError } from '../../errors.js';
import { checkDerivable } from '../../gguf/architectures.js';
import { checkGguf } from '../../gguf/check.js';
import { number, summarize } from '../../gguf/summary.js';
import { isSkewed } from '../../methods/candidates/skew.js';
import type { Trialled, TuneSession } from '../../methods/candidates/types.js';
import type { ResolvedModel } from '../../models/index.js';
import { loadProfile } from '../../profile/index.js';
import { removeTunedSettings, type UnwrittenSettings, writeTunedSettings } from '../../profile/write-tuned-settings.js';
import { checkEnough, fittingTexts, tuningData } from '../../tune/data.js';
import type { TrialJournal } from '../../tune/measure.js';
import { tuningMetric } from '../../tune/objective.js';
import { type TuneRequest, type TuneResult, tune } from '../../tune/tune.js';
import type { Engine, TaskProfile } from '../../types.js';
import { readConfig } from '../config.js';
import { requireAgreement } from '../opening/agreement.js';
import { documentsFor } from '../opening/documents.js';
import { isEmbedding, openEmbedding } from '../opening/embedding.js';
import { checkHasThreshold, chooseModel, type EngineFlags, openResolved, resolveNamed } from '../opening/open.js';
import { noticeThreads } from '../opening/threads.js';
import { modelDigest, tunedFolders } from '../opening/tuned-settings.js';
import { type GoldData, type GoldFlags, goldName, readGold, refuseDataFlags } from '../run/gold.js';
import { cacheDirectory, profileContext, type Surroundings } from '../surroundings.js';
import { measureAsItIs } from './as-it-is.js';
import { foundSettings } from './found-settings.js';

/** How a task is tuned. */
export interface TuneFlags extends EngineFlags, GoldFlags {
  /** Instead of the task's examples. */
  data?: GoldData;
  method: TuneRequest['kind'];
  /** Milliseconds. */
  budget: number;
  precision?: number;
  coverage?: number;
  seed: number;
  layers?: number;
  /** Whether the task as it is is measured, too, and stays where nothing is better. */
  compare: boolean;
  words: boolean;
  take: NonNullable<TuneRequest['take']>;
  /** Folder of the tuned settings, where it is not the task's own. */
  into?: string;
  /** Whether to measure on parts of the examples, too. */
  curves: boolean;
}

/** A task that is about to be tuned for a model. */
export interface PlannedTuning {
  readonly profile: TaskProfile;
  /** As it is spoken of. */
  readonly model: string;
  /** Of the tuned settings. */
  readonly folder: string;
}

/** What tuning has brought. */
export interface Tuned {
  readonly profile: TaskProfile;
  readonly result: TuneResult;
  readonly settings: UnwrittenSettings;
  /** Where the settings stand; null where the task as it is is as good. */
  readonly file: string | null;
}

/** Finds the task, the model and where its settings go; reads no data and fetches nothing. */
export async function planTuning(
  surroundings: Surroundings,
  task: string,
  flags: Pick<TuneFlags, 'model' | 'into' | 'precision' | 'coverage'>,
): Promise<PlannedTuning> {
  const profile = await loadProfile(task, profileContext(surroundings));
  if (flags.precision !== undefined) checkHasThreshold(profile, '--precision');
  if (flags.coverage !== undefined) checkHasThreshold(profile, '--coverage');
  return {
    profile,
    model: await chooseModel(surroundings, flags, profile),
    folder:
      flags.into === undefined
        ? (tunedFolders(surroundings, profile)[0] as string)
        : path.resolve(surroundings.cwd, flags.into),
  };
}

/** The files that tuning writes: the settings, and their side file. */
export function tunedFiles({ model, folder }: PlannedTuning): string[] {
  return ['yaml', 'head'].map((suffix) => path.join(folder, `${nameOf(model)}.${suffix}`));
}

/** Removes what was tuned for the model; false where nothing was. */
export function resetTuning({ model, folder }: PlannedTuning): boolean {
  return removeTunedSettings(folder, nameOf(model));
}

/** What a model is called that is spoken of by its file or address. */
function nameOf(model: string): string {
  return model.replace(/^.*[/\\]|\.gguf$/gu, '');
}

/** Searches, fits the best candidate on everything, and writes its settings where they are better than none. */
export async function tuneTask(
  surroundings: Surroundings,
  { profile, model: spoken, folder }: PlannedTuning,
  flags: TuneFlags,
): Promise<Tuned> {
  await requireAgreement(surroundings, flags.model, profile);
  if (flags.data === undefined) refuseDataFlags(flags);
  const given = flags.data === undefined ? profile.examples : await readGold(surroundings, profile, flags.data, flags);
  const { examples: clean, notices, sha256 } = tuningData(profile, given, profile.fixtures);
  for (const notice of notices) surroundings.notice(notice);
  const model = await resolveNamed(surroundings, spoken);
  const modelSha256 = await modelDigest(surroundings, model);
  noticeThreads(surroundings, flags, await readConfig(surroundings));
  const engine = isEmbedding(model)
    ? await openEmbedding(surroundings, model, flags)
    : await openResolved(surroundings, model, flags, 'many');
  try {
    const {
      examples,
      notice,
    } = // An embedding model has no prompt beside the text, and cuts off what is too long.
      isEmbedding(model) ? { examples: clean, notice: null } : fittingTexts(clean, engine);
    if (notice !== null) surroundings.notice(notice);
    if (isSkewed(profile, examples)) {
      surroundings.notice(
        'nearly all examples have the same label: candidates are compared by macro F1, not by accuracy',
      );
    }
    surroundings.tuning({
      kind: 'start',
      task: profile.name,
      model: model.name,
      metric: tuningMetric(profile, examples).title,
      examples: examples.length,
      budgetMs: flags.budget,
    });
    checkEnough(examples, notice === null ? [] : [notice]);
    // Tuning has no way to the fixtures.
    const blind: TaskProfile = { ...profile, fixtures: [] };
    const documents = await documentsFor(surroundings, profile, []);
    const step = (what: string, done: number, total: number) =>
      surroundings.tuning({ kind: 'step', what, done, total });
    const { seed } = flags;
    const result = await tune(sessionOf(surroundings, blind, model, engine, documents, flags, step), examples, {
      seed,
      budgetMs: flags.budget,
      now: surroundings.now,
      signal: surroundings.signal,
      kind: flags.method,
      words: flags.words,
      take: flags.take,
      target: targetOf(flags),
      journal: journalIn(surroundings, [profile.digest, modelSha256, sha256, seed]),
      onTrial: surroundings.tuning,
      before: flags.compare
        ? (list) => {
            const onProgress = (done: number, total: number) => step('measuring the task as it is', done, total);
            return measureAsItIs(
              surroundings,
              { profile: blind, model, engine, documents, flags, seed, onProgress },
              list,
            );
          }
        : null,
      curves: flags.curves,
    });
    const settings = foundSettings(
      {
        profile,
        model: { name: model.name, sha256: modelSha256 },
        data: { file: flags.data === undefined ? null : goldName(flags.data), examples, sha256 },
        seed,
      },
      result,
    );
    const file = result.wins ? writeTunedSettings(folder, settings, result.fitted.numbers ?? null) : null;
    return { profile, result, settings, file };
  } finally {
    await engine.dispose();
  }
}

function targetOf({ precision, coverage }: TuneFlags): TuneRequest['target'] {
  if (precision !== undefined) return { precision };
  return coverage === undefined ? null : { coverage };
}

function sessionOf(
  surroundings: Surroundings,
  profile: TaskProfile,
  model: ResolvedModel,
  engine: Engine,
  documents: TuneSession['documents'],
  flags: TuneFlags,
  onProgress: TuneSession['onProgress'],
): TuneSession<never> {
  const header = checkGguf(model.path);
  const blocks = summarize(header).blockCount ?? 1;
  const width = number(header, `${engine.model.architecture}.embedding_length`) ?? 0;
  let states: TuneSession['states'] = async (all, layers) =>
    engines.llama.openStates(all, layers, width, (recipe) => openResolved(surroundings, model, flags, 'many', recipe));
  try {
    checkDerivable(header, { layers: 1, tokens: 'all', output: { values: [new Float32Array(width)] } });
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    // Of an embedding model no hidden states are wanted.
    if (!isEmbedding(model)) surroundings.notice(`no heads are tried: ${messageOf(error)}`);
    states = { impossible: messageOf(error) };
  }
  return {
    profile,
    engine,
    documents,
    blocks,
    width,
    mostBlocks: Math.min(flags.layers ?? blocks, blocks),
    states,
    seed: flags.seed,
    signal: surroundings.signal,
    onProgress,
  };
}

/** Finished trials of the same work, so that a search that was broken off goes on where it was. */
function journalIn(surroundings: Surroundings, work: readonly unknown[]): TrialJournal {
  const key = createHash('sha256')
    .update(JSON.stringify([surroundings.version, ...work]))
    .digest('hex')
    .slice(0, 32);
  const cache = fileCache(path.join(cacheDirectory(surroundings), 'tuning', key));
  return {
    get: async (trial) => (await cache.get(trial)) as Trialled | null,
    set: (trial, value) => cache.set(trial, value),
  };
}
