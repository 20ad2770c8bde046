import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileCache } from '../../cache.js';
import { engines } from '../../engines/index.js';
import { messageOf, SlmError, usageError } from '../../errors.js';
import { couldTakeFiles } from '../../folders.js';
import { checkDerivable } from '../../gguf/architectures.js';
import { checkGguf } from '../../gguf/check.js';
import { number, summarize } from '../../gguf/summary.js';
import { isSkewed } from '../../methods/candidates/skew.js';
import type { Trialled, TuneSession } from '../../methods/candidates/types.js';
import { methodOf } from '../../methods/index.js';
import { modelKey } from '../../methods/model-key.js';
import type { ResolvedModel } from '../../models/index.js';
import { loadProfile } from '../../profile/index.js';
import { removeTunedSettings, type UnwrittenSettings, writeTunedSettings } from '../../profile/write-tuned-settings.js';
import { formatDuration } from '../../quantities.js';
import { taskTypes } from '../../task-types/index.js';
import { checkEnough, fittingTexts, tuningData } from '../../tune/data.js';
import type { TrialJournal } from '../../tune/measure.js';
import { tuningMetric } from '../../tune/objective.js';
import { type TuneRequest, type TuneResult, tune } from '../../tune/tune.js';
import type { Engine, EngineWith, Example, LocalEngine, TaskProfile } from '../../types.js';
import { readConfig } from '../config.js';
import { requireAgreement } from '../opening/agreement.js';
import { checkHasThreshold } from '../opening/choices.js';
import { chooseModel, requireModel, resolveNamed } from '../opening/choose-model.js';
import { documentsFor } from '../opening/documents.js';
import { isEmbedding, openEmbedding, secondModel } from '../opening/embedding.js';
import type { EngineFlags } from '../opening/flags.js';
import { openJudge } from '../opening/judge.js';
import { openResolved } from '../opening/open-model.js';
import { noticeThreads } from '../opening/threads.js';
import { modelDigest, settingsName, tunedFolders } from '../opening/tuned-settings.js';
import { type GoldData, type GoldFlags, goldName, readGold, refuseDataFlags } from '../run/gold.js';
import { cacheDirectory, profileContext, type Surroundings } from '../surroundings.js';
import { measureIfItFits } from './as-it-is.js';
import { type Beside, embedderNamed, openBeside } from './beside.js';
import { foundSettings } from './found-settings.js';
import { labelTexts } from './label-texts.js';
import { judgePupil, type Taught } from './pupil.js';
import { rememberingEngine } from './remembering-engine.js';

/** How a task is tuned. */
export interface TuneFlags extends EngineFlags, GoldFlags {
  /** Instead of the task's examples. */
  data?: GoldData;
  /** A larger model, which labels the texts of `unlabelled` to learn from; `data` then corrects and judges it. */
  teacher?: string;
  /** Texts that nobody has labelled. */
  unlabelled?: string;
  /** An embedding model whose heads are candidates, too, alone and joined with the model. */
  embedder?: string;
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
  /** The name that its settings are kept under. */
  readonly settings: string;
  /** Folder of the tuned settings. */
  readonly folder: string;
}

/** The results of tuning. */
export interface Tuned {
  readonly profile: TaskProfile;
  readonly result: TuneResult;
  readonly settings: UnwrittenSettings;
  /** Where the settings stand; null where the task as it is is as good. */
  readonly file: string | null;
  /** Where a larger model has labelled what was learned from. */
  readonly taught: Taught | null;
}

/** The share of the budget that a teacher has for its labels. */
const teachersShare = 0.5;

/** Finds the task, the model and where its settings go; reads no data and fetches nothing. */
export async function planTuning(
  surroundings: Surroundings,
  task: string,
  flags: Pick<TuneFlags, 'model' | 'into' | 'precision' | 'coverage'>,
): Promise<PlannedTuning> {
  const profile = await loadProfile(task, profileContext(surroundings));
  if (flags.precision !== undefined) checkHasThreshold(profile, '--precision');
  if (flags.coverage !== undefined) checkHasThreshold(profile, '--coverage');
  const model = await chooseModel(surroundings, flags, profile);
  return {
    profile,
    model,
    settings: await settingsName(surroundings, model),
    folder:
      flags.into === undefined
        ? (tunedFolders(surroundings, profile)[0] as string)
        : path.resolve(surroundings.cwd, flags.into),
  };
}

/** The files that tuning writes: the settings, and their side file. */
export function tunedFiles({ settings, folder }: PlannedTuning): string[] {
  return ['yaml', 'head'].map((suffix) => path.join(folder, `${settings}.${suffix}`));
}

/** Removes what was tuned for the model; false where nothing was. */
export function resetTuning({ settings, folder }: PlannedTuning): boolean {
  return removeTunedSettings(folder, settings);
}

/** Searches, fits the best candidate on everything, and writes its settings where they are better than none. */
export async function tuneTask(surroundings: Surroundings, planned: PlannedTuning, given: TuneFlags): Promise<Tuned> {
  const flags = withTexts(given);
  const { profile, model: spoken, folder } = planned;
  if (!couldTakeFiles(folder))
    throw usageError(
      `what tuning finds cannot be written: ${folder} takes no files`,
      'Change its permissions, copy the task to another folder, or name one with --into.',
    );
  await requireAgreement(surroundings, flags.model, profile);
  if (flags.data === undefined && flags.teacher === undefined) refuseDataFlags(flags);
  checkTeacher(profile, flags);
  checkTexts(flags);
  // Said before data is read and models are loaded.
  if (flags.embedder !== undefined) await embedderNamed(surroundings, flags.embedder);
  if (flags.teacher !== undefined) {
    await requireModel(surroundings, flags.teacher);
    // A teacher labels for minutes, for a model that is to be here then.
    await resolveNamed(surroundings, spoken);
  }
  const gold = flags.data === undefined ? null : await readGold(surroundings, profile, flags.data, flags);
  const teacher = flags.teacher;
  if (teacher === undefined)
    return { ...(await tuneOn(surroundings, planned, flags, gold ?? profile.examples)), taught: null };

  const { seed } = flags;
  const documents = await documentsFor(surroundings, profile, []);
  surroundings.notice(
    `${teacher} labels texts for ${formatDuration((flags.budget * teachersShare) / 1000)} at most, the first ones spread over all texts`,
  );
  const labels = await labelTexts(surroundings, {
    profile,
    teacher,
    unlabelled: flags.unlabelled as string,
    format: gold === null ? (flags.dataFormat ?? null) : null,
    gold: gold ?? [],
    documents,
    flags,
    budgetMs: flags.budget * teachersShare,
    seed,
    onProgress: (done, total) =>
      surroundings.preparing({
        task: profile.name,
        model: teacher,
        what: 'labelling',
        items: 'texts',
        done,
        total,
      }),
  });
  surroundings.preparing(null);
  const left = { ...flags, budget: flags.budget * (1 - teachersShare) };
  const tuned = await tuneOn(surroundings, planned, left, labels.examples);
  const isInUse = tuned.file !== null && flags.into === undefined;
  const pupil = isInUse ? { ...flags, model: spoken } : null;
  const taught = await judgePupil(surroundings, profile, tuned.result, labels, gold ?? [], seed, documents, pupil);
  return { ...tuned, taught };
}

/** With a teacher, data alone is what it labels. */
function withTexts(flags: TuneFlags): TuneFlags {
  const { data, ...rest } = flags;
  const alone = flags.teacher !== undefined && flags.unlabelled === undefined && typeof data === 'string';
  return alone ? { ...rest, unlabelled: data } : flags;
}

/** @throws SlmError where a larger model cannot label what the task is about */
function checkTeacher({ name, type }: TaskProfile, { teacher, unlabelled }: TuneFlags): void {
  if (teacher === undefined) {
    if (unlabelled === undefined) return;
    throw usageError('--unlabelled names texts for a teacher, and there is none', 'Add --teacher MODEL.');
  }
  if (!taskTypes[type].teachable) {
    throw usageError(
      `--teacher gives probabilities of labels; "${name}" is of type ${type}, which has none to learn.`,
      'Take labelled data: --data FILE.',
    );
  }
  if (unlabelled === undefined) {
    throw usageError('--teacher needs texts to label', 'Name a file of them: --unlabelled texts.txt.');
  }
}

/** @throws SlmError where flags for labels would do nothing, or standard input would be read twice */
function checkTexts({ teacher, data, unlabelled, labelField, labelMap }: TuneFlags): void {
  if (data === '-' && unlabelled === '-')
    throw usageError('--data and --unlabelled both name standard input', 'Name a file for one of them.');
  if (teacher === undefined || data !== undefined) return;
  const flag = labelField !== undefined ? '--label-field' : labelMap !== undefined ? '--label-map' : null;
  if (flag === null) return;
  throw usageError(
    `${flag} is for labelled data, and the teacher labels the texts of ${unlabelled}: labels there are not read`,
    'Leave it out, or name labelled rows with --data and the texts with --unlabelled.',
  );
}

/** The same, from these examples. */
async function tuneOn(
  surroundings: Surroundings,
  { profile, model: spoken, folder }: PlannedTuning,
  flags: TuneFlags,
  given: readonly Example[],
): Promise<Omit<Tuned, 'taught'>> {
  const { examples: clean, notices, sha256 } = tuningData(profile, given, profile.fixtures);
  for (const notice of notices) surroundings.notice(notice);
  const model = await resolveNamed(surroundings, spoken);
  const modelSha256 = await modelDigest(surroundings, model);
  noticeThreads(surroundings, flags, await readConfig(surroundings));
  const engine = isEmbedding(model)
    ? await openEmbedding(surroundings, model, flags)
    : rememberingEngine(await openResolved(surroundings, model, flags, 'many'));
  let beside: Beside | null = null;
  let judge: LocalEngine | null = null;
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
    let preparedMs = 0;
    const timed = async <T>(work: () => Promise<T>): Promise<T> => {
      const began = surroundings.now();
      try {
        return await work();
      } finally {
        preparedMs += surroundings.now() - began;
      }
    };
    const session = sessionOf(surroundings, blind, model, engine, documents, flags, step, timed);
    const own = flags.embedder === undefined ? await ownEmbedder(surroundings, blind) : null;
    const embedder = flags.embedder ?? own;
    if (embedder !== null) beside = await openBeside(surroundings, embedder, session, examples, flags);
    judge = await openJudge(surroundings, blind, model.path, flags, 'many');
    const vectors = beside?.vectors ?? null;
    const others = { judge: judge === null ? null : (rememberingEngine(judge) as EngineWith<'scores'>) };
    // A task that names no embedding model is measured without one.
    const helpers = { ...others, embedder: own === null ? null : (vectors?.engine ?? null) };
    const besides = [vectors?.embedder.sha256, judge === null ? null : modelKey(judge)].filter((key) => key != null);
    const result = await tune({ ...session, ...others, beside: vectors }, examples, {
      seed,
      beside: beside?.candidates ?? [],
      budgetMs: flags.budget,
      now: surroundings.now,
      preparedMs: () => preparedMs,
      signal: surroundings.signal,
      kind: flags.method,
      words: flags.words,
      take: flags.take,
      target: targetOf(flags),
      journal: journalIn(surroundings, [profile.digest, modelSha256, sha256, seed, ...besides]),
      onTrial: surroundings.tuning,
      before: (list, until) => {
        const onProgress = (done: number, total: number) => step('measuring the task as it is', done, total);
        return measureIfItFits(
          surroundings,
          { profile: blind, model, engine, helpers, documents, flags, seed, until, onProgress },
          list,
        );
      },
      compare: flags.compare,
      curves: flags.curves,
    });
    const settings = foundSettings(
      {
        profile,
        model: { name: model.name, sha256: modelSha256 },
        data: { file: dataName(flags), examples, sha256 },
        seed,
      },
      result,
    );
    const file = result.wins ? writeTunedSettings(folder, settings, result.fitted.numbers ?? null) : null;
    return { profile, result, settings, file };
  } finally {
    await Promise.all([beside?.close(), judge?.dispose()]);
    await engine.dispose();
  }
}

/** The embedding model that the task names, as it is spoken of; null where it names none, or it is not on this machine. */
async function ownEmbedder(surroundings: Surroundings, profile: TaskProfile): Promise<string | null> {
  const wanted = methodOf(profile).embedderOf?.(profile) ?? null;
  return wanted !== null && (await secondModel(surroundings, profile)) !== null ? wanted.model : null;
}

/** Null for the examples of the task. */
function dataName({ teacher, unlabelled, data }: TuneFlags): string | null {
  if (teacher !== undefined)
    return `${path.basename(unlabelled ?? '')} (labelled by ${teacher.replace(/^.*[/\\]|\.gguf$/gu, '')})`;
  return data === undefined ? null : goldName(data);
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
  preparing: <T>(work: () => Promise<T>) => Promise<T>,
): TuneSession<never> {
  const header = checkGguf(model.path);
  const blocks = summarize(header).blockCount ?? 1;
  const width = number(header, `${engine.model.architecture}.embedding_length`) ?? 0;
  let states: TuneSession['states'] = (all, layers) =>
    preparing(() =>
      engines.llama.openStates(all, layers, width, model.path, (recipe) =>
        openResolved(surroundings, model, flags, 'many', recipe),
      ),
    );
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
