import path from 'node:path';
import { bundledCache, fileCache, knowingCache, NotKnown, recordingCache, rememberingCache } from '../../cache.js';
import { cascadeOf, modelsOf } from '../../cascade-reference.js';
import type { EngineOptions, HeadStart } from '../../engines/index.js';
import { engines, type ServiceReference, serviceOf } from '../../engines/index.js';
import { usageError } from '../../errors.js';
import { type AlphabetName, writtenWith } from '../../gguf/alphabet.js';
import { valuePlaces } from '../../gguf/architectures.js';

import { type ModelFile, watchModelFile } from '../../gguf/model-file.js';
import type { Recipe } from '../../gguf/recipe.js';
import { summarize, tokenBytes } from '../../gguf/summary.js';
import { methodOf, withFittingMethod } from '../../methods/index.js';
import { checkCapabilities } from '../../methods/needs.js';
import type { Cache, Document, MethodContext } from '../../methods/types.js';
import { headerOfModel, type ResolvedModel, resolveModel } from '../../models/index.js';
import { type Fallback, openTask, type Task } from '../../predict.js';
import { withAmong } from '../../task-types/among.js';
import { taskTypes } from '../../task-types/index.js';
import type { Engine, LocalEngine, ModelHead, TaskProfile } from '../../types.js';
import { defaultModel, readConfig } from '../config.js';
import { noticeMissingCache } from '../scratch.js';
import { cacheDirectory, modelEnvironment, modelEvents, type Surroundings } from '../surroundings.js';
import { requireAgreement, requireAgreementOn } from './agreement.js';
import { openDerived } from './derived-models.js';
import { documentsFor } from './documents.js';
import { keepHint } from './early-hint.js';
import { headStartFor } from './early-model.js';
import { isEmbedding, openEmbedding, openSecondModel, secondModel } from './embedding.js';
import type { EngineFlags } from './flags.js';
import { openedOnce } from './opened-once.js';
import { openService } from './service.js';
import { noticeThreads, threadsOf } from './threads.js';
import { tunedProfile } from './tuned-settings.js';

export type { EngineFlags } from './flags.js';

/** Options for opening a task. */
export interface TaskFlags extends EngineFlags {
  threshold?: number;
  /** The labels that a result may have. */
  among?: string[];
  /** Documents to answer from. */
  context?: string[];
  /** As the profile says, whatever was tuned. */
  untuned?: boolean;
}

/** The model to use, or a cascade of some: flag or environment, then project and user configuration, then the task's own, then the default. */
export async function chooseModel(
  surroundings: Surroundings,
  flags: Pick<EngineFlags, 'model'>,
  profile: Pick<TaskProfile, 'model'> | null,
): Promise<string> {
  return flags.model ?? (await readConfig(surroundings)).model ?? profile?.model ?? defaultModel;
}

/**
 * The model to use, for fetching it where it is missing.
 * @throws SlmError where only a file of the project names it, and the user has not agreed
 */
export async function modelToFetch(
  surroundings: Surroundings,
  flags: Pick<EngineFlags, 'model'>,
  profile: Pick<TaskProfile, 'model' | 'path'> | null,
): Promise<string> {
  await requireAgreement(surroundings, flags.model, profile);
  return chooseModel(surroundings, flags, profile);
}

/**
 * Fetches a model where it is missing.
 * @throws SlmError where the model is no file, and the work needs one
 */
export async function resolveNamed(surroundings: Surroundings, spec: string): Promise<ResolvedModel> {
  if (cascadeOf(spec) !== null) {
    throw usageError(`"${spec}" is a cascade, and this needs one model.`, 'Name one of its models with -m.');
  }
  const service = serviceOf(spec);
  if (service !== null) {
    throw usageError(
      `"${spec}" is a model of ${service.kind.title}, and this needs a model file.`,
      'Name one of `slm models list`, or a .gguf file.',
    );
  }
  return resolveModel(spec, modelEnvironment(surroundings), modelEvents(surroundings));
}

/** Makes sure that a model can be opened: fetches its file where it is missing. */
export async function requireModel(surroundings: Surroundings, spec: string): Promise<void> {
  for (const model of modelsOf(spec)) if (serviceOf(model) === null) await resolveNamed(surroundings, model);
}

/** Loads a model, after fetching it where it is missing. */
export async function openModel(
  surroundings: Surroundings,
  spec: string,
  flags: EngineFlags,
  parallel: 'one' | 'many',
): Promise<Engine> {
  const service = serviceOf(spec);
  if (service !== null) return openService(surroundings, spec, service);
  noticeThreads(surroundings, flags, await readConfig(surroundings));
  const model = await resolveNamed(surroundings, spec);
  return isEmbedding(model)
    ? openEmbedding(surroundings, model, flags)
    : openResolved(surroundings, model, flags, parallel);
}

/**
 * Loads a model, or with a recipe the file that it makes of the model.
 * @param early the file under way, if it is the one
 */
export async function openResolved(
  surroundings: Surroundings,
  model: ResolvedModel,
  flags: EngineFlags,
  parallel: 'one' | 'many',
  recipe: Recipe | null = null,
  early: HeadStart | null = null,
): Promise<LocalEngine> {
  const config = await readConfig(surroundings);
  const file = recipe === null ? model : await openDerived(surroundings, model, recipe);
  const options: EngineOptions = {
    path: file.path,
    name: model.name,
    sha256: model.sha256,
    derived: recipe !== null,
    parallel,
    ...(recipe?.output != null && 'values' in recipe.output
      ? { values: valuePlaces(headerOfModel(model), recipe) }
      : {}),
    ...(model.manifest === null ? {} : { format: model.manifest.format }),
    ...(model.manifest?.template === undefined ? {} : { chatTemplate: model.manifest.template }),
    ...definedOnly({
      threads: threadsOf(flags, config),
      contextSize: flags.contextSize ?? config.contextSize,
      accelerator: flags.gpu ?? config.gpu,
    }),
    signal: surroundings.signal,
    prefixes: { directory: path.join(cacheDirectory(surroundings), 'prefixes'), now: () => surroundings.date() },
    ...(surroundings.engineLog === null ? {} : { onLog: surroundings.engineLog }),
  };
  const headStart = await headStartFor(surroundings, early, file.path, options.accelerator !== undefined);
  const { open } = engines.llama;
  if (options.threads !== undefined || options.accelerator !== undefined) return open({ ...options, headStart });
  const { measuredShape } = await import('./machines.js');
  const shape = await measuredShape(surroundings, model, parallel);
  return open({ ...options, headStart, ...definedOnly({ shape }) });
}

/** A task on a model, and the profile as it was tuned for that model. */
export interface OpenedTask {
  readonly task: Task;
  /**
   * To be called after a result was computed and before it is kept.
   * @throws SlmError of kind `model` when a file that it may have come from was written to since it was loaded
   */
  checkModel(): void;
  /** Frees the models. */
  close(): Promise<void>;
}

/**
 * Opens a task: finds what was tuned for the model, loads the file of the model that the method works on, and makes
 * the method ready. Where that file has a cut vocabulary, texts that it does not cover go through the whole one,
 * which is loaded when the first of them comes.
 */
export async function openTaskOnModel(
  surroundings: Surroundings,
  untuned: TaskProfile,
  flags: TaskFlags,
  parallel: 'one' | 'many',
  documents: readonly Document[],
  early: HeadStart | null = null,
): Promise<OpenedTask> {
  noticeThreads(surroundings, flags, await readConfig(surroundings));
  noticeMissingCache(surroundings);
  // Before a model is fetched for what cannot be done.
  withAmong(untuned, flags.among);
  const spec = await modelToFetch(surroundings, flags, untuned);
  const service = serviceOf(spec);
  if (service !== null) return openTaskOnService(surroundings, untuned, flags, documents, spec, service);
  const model = await resolveNamed(surroundings, spec);
  const tuned = flags.untuned === true ? untuned : await tunedProfile(surroundings, untuned, model);
  if (isEmbedding(model)) return openTaskOnEmbedding(surroundings, tuned, flags, documents, model, early);
  // The head that was found best needs nothing of the language model, which stays on the disk.
  const instead = goesByEmbeddings(tuned) ? await secondModel(surroundings, tuned) : null;
  if (instead !== null) {
    keepHint(surroundings, path.resolve(surroundings.cwd, tuned.path), model.path, instead.path);
    return openTaskOnEmbedding(surroundings, tuned, flags, documents, instead, early);
  }
  const profile = withChoices(tuned, flags);
  const head = methodOf(profile).headOf?.(profile);
  const alphabet = coveringAlphabet(profile, model);
  const loading: Promise<unknown>[] = [];
  const loaded: Engine[] = [];
  const files: ModelFile[] = [];
  const embedder = await openSecondModel(surroundings, profile, flags);
  if (embedder !== null) {
    loaded.push(embedder);
    if (embedder.model.path !== null) files.push(watchModelFile(embedder.model.path));
  }
  const judge = await openJudge(surroundings, profile, model.path, flags, parallel).catch(async (error) => {
    await close();
    throw error;
  });
  if (judge !== null) {
    loaded.push(judge);
    files.push(watchModelFile(judge.model.path));
  }
  const helpers = { embedder, judge };
  const cache = rememberingCache(constantsCache(surroundings, profile));
  const load = (tokens: 'all' | AlphabetName): Promise<LocalEngine> => {
    const one = loadOne(tokens);
    loading.push(one.catch(() => undefined));
    return one;
  };
  const loadOne = async (tokens: 'all' | AlphabetName): Promise<LocalEngine> => {
    const engine = await openResolved(surroundings, model, flags, parallel, recipeFor(head, tokens), early);
    loaded.push(engine);
    files.push(watchModelFile(engine.model.path));
    return engine;
  };
  const openWhole = async () => prepare(surroundings, profile, await load('all'), documents, cache, helpers);
  /** Constants that nobody has computed yet are computed on the whole model: examples may have any characters. */
  const openCut = async (engine: Engine, fallback: Fallback): Promise<Task> => {
    try {
      return await prepare(surroundings, profile, engine, documents, knowingCache(cache), helpers);
    } catch (error) {
      if (!(error instanceof NotKnown)) throw error;
      await fallback.open();
      return prepare(surroundings, profile, engine, documents, cache, helpers);
    }
  };
  const openBoth = async (alphabetName: AlphabetName): Promise<Task> => {
    const fallback = fallbackFor(profile, alphabetName, openWhole);
    return { ...(await openCut(await load(alphabetName), fallback)), fallback };
  };
  try {
    const task = await (alphabet === null ? openWhole() : openBoth(alphabet));
    const { path: used } = task.engine.model;
    if (used !== null) keepHint(surroundings, path.resolve(surroundings.cwd, profile.path), model.path, used);
    return {
      task,
      checkModel: () => {
        for (const file of files) file.check();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    // Also what a record still waits for, such as the whole model: `process.exit` would wait for it without an end.
    await Promise.all(loading);
    await Promise.all(loaded.splice(0).map((engine) => engine.dispose()));
  }
}

/**
 * The model that judges answers in place of the task's own; null where the task names none, or the same one.
 * @throws SlmError where it cannot
 */
export async function openJudge(
  surroundings: Surroundings,
  profile: TaskProfile,
  own: string | null,
  flags: EngineFlags,
  parallel: 'one' | 'many',
): Promise<LocalEngine | null> {
  const spec = methodOf(profile).judgeOf?.(profile) ?? null;
  if (spec === null) return null;
  await requireAgreementOn(surroundings, spec, profile);
  const model = await resolveNamed(surroundings, spec);
  if (model.path === own) return null;
  const refused = (why: string) =>
    usageError(
      `${profile.path}: the model "${spec}" cannot judge: ${why}.`,
      'Name an instruct model in options.judge, such as qwen2.5-coder-1.5b-instruct.',
    );
  if (isEmbedding(model)) throw refused('it is an embedding model');
  const engine = await openResolved(surroundings, model, flags, parallel);
  if (engine.model.format === 'chat' && engine.model.chatTemplate !== null) return engine;
  await engine.dispose();
  throw refused('it has no chat template');
}

function goesByEmbeddings(profile: TaskProfile): boolean {
  return methodOf(profile).needs.every((need) => need === 'embeddings');
}

/** Embedding models have no vocabulary to cut and no file is derived of them. */
async function openTaskOnEmbedding(
  surroundings: Surroundings,
  tuned: TaskProfile,
  flags: TaskFlags,
  documents: readonly Document[],
  model: ResolvedModel,
  early: HeadStart | null,
): Promise<OpenedTask> {
  const { capabilities } = engines.embedder;
  const profile = withChoices(withFittingMethod(tuned, capabilities), flags);
  checkCapabilities(methodOf(profile), model.name, capabilities);
  const engine = await openEmbedding(surroundings, model, flags, early);
  const file = watchModelFile(model.path);
  try {
    const task = await prepare(surroundings, profile, engine, documents, constantsCache(surroundings, profile));
    return { task, checkModel: () => file.check(), close: () => engine.dispose() };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** The file of the model that computes the scores of a head, and has these tokens; null for its own file. */
function recipeFor(head: ModelHead | undefined, tokens: 'all' | AlphabetName): Recipe | null {
  if (head !== undefined) return { layers: head.layers, tokens, output: { values: head.rows } };
  return tokens === 'all' ? null : { layers: null, tokens, output: null };
}

/** Nothing was tuned for a model behind a service, and no file of it can change. */
async function openTaskOnService(
  surroundings: Surroundings,
  untuned: TaskProfile,
  flags: TaskFlags,
  documents: readonly Document[],
  reference: string,
  service: ServiceReference,
): Promise<OpenedTask> {
  const profile = withChoices(withFittingMethod(untuned, service.kind.capabilities), flags);
  checkCapabilities(methodOf(profile), reference, service.kind.capabilities);
  if (untuned.methodNamed === true && profile.method !== untuned.method)
    surroundings.notice(
      `the task ${profile.name} uses the method "${profile.method}" here, because ${reference} cannot do "${untuned.method}"`,
    );
  const engine = await openService(surroundings, reference, service);
  try {
    const task = await prepare(surroundings, profile, engine, documents, constantsCache(surroundings, profile));
    return { task, checkModel: () => undefined, close: () => engine.dispose() };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Fewer tokens than this are not worth cutting. */
const smallVocabulary = 65_536;
/**
 * Smallest share of tokens in a model that makes trimming worthwhile: below it, a copy saves little and takes much
 * disk.
 */
const leastShareOfTokens = 1 / 3;

/**
 * The alphabet whose tokens suffice for this task: all that the profile itself puts before the model is written with
 * it. Null where the vocabulary is small, as it is beside a large model, or where results of the method could depend on it.
 */
function coveringAlphabet(profile: TaskProfile, model: ResolvedModel): AlphabetName | null {
  const { vocabulary, reads } = methodOf(profile);
  if (vocabulary === 'whole') return null;
  const header = headerOfModel(model);
  const { vocabularySize, tensorBytes } = summarize(header);
  if ((vocabularySize ?? 0) < smallVocabulary || tokenBytes(header) < leastShareOfTokens * tensorBytes) return null;
  const read = reads?.(profile) ?? profile.examples.map(({ record }) => record.fields);
  const own = JSON.stringify([profile.prompt, profile.labels, profile.options, read]);
  return writtenWith('latin', own) ? 'latin' : null;
}

function fallbackFor(profile: TaskProfile, alphabet: AlphabetName, open: () => Promise<Task>): Fallback {
  return {
    ...openedOnce(open),
    covers: (record) =>
      writtenWith(alphabet, record.text) &&
      Object.entries(record.fields).every(
        ([name, value]) => name === profile.input || writtenWith(alphabet, JSON.stringify(value) ?? ''),
      ),
  };
}

/** Models that help the one that does the task. */
export type Helpers = Pick<MethodContext, 'embedder' | 'judge'>;

/** Makes a task ready: its method prepared, with constants from its folder or the cache. */
export async function openTaskOn(
  surroundings: Surroundings,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
  helpers: Helpers,
): Promise<Task> {
  return prepare(surroundings, profile, engine, documents, constantsCache(surroundings, profile), helpers);
}

/** Constants from the task's folder first, then those computed here. */
function constantsCache(surroundings: Surroundings, profile: TaskProfile): Cache {
  return bundledCache(bundleFile(surroundings, profile), userCache(surroundings));
}

/**
 * Computes a task's constants for a model as if nobody had before.
 * @returns entries for the task's `calibration.json`
 */
export async function computeConstants(
  surroundings: Surroundings,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
  flags: EngineFlags,
): Promise<Readonly<Record<string, unknown>>> {
  const recording = recordingCache();
  const judge = await openJudge(surroundings, profile, engine.model.path, flags, 'many');
  try {
    await prepare(surroundings, profile, engine, documents, recording, { thorough: true, judge });
  } finally {
    await judge?.dispose();
  }
  return recording.entries;
}

export function bundleFile(surroundings: Surroundings, profile: TaskProfile): string {
  return path.join(path.dirname(path.resolve(surroundings.cwd, profile.path)), 'calibration.json');
}

function userCache(surroundings: Surroundings): Cache {
  return fileCache(path.join(cacheDirectory(surroundings), 'calibration'));
}

async function prepare(
  surroundings: Surroundings,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
  cache: Cache,
  { thorough = false, embedder = null, judge = null }: Helpers & Pick<MethodContext, 'thorough'> = {},
): Promise<Task> {
  let first: number | null = null;
  let scored = 0;
  try {
    return await openTask({
      profile,
      engine,
      documents,
      cache,
      thorough,
      embedder,
      judge,
      ownDocuments: () => documentsFor(surroundings, profile, []),
      onProgress: (what, done, total, items = 'examples') => {
        first ??= surroundings.now();
        scored = done;
        surroundings.preparing({ what, task: profile.name, model: engine.model.name, done, total, items });
      },
      onShortened: (used, all) => {
        // The time of the first record is not known.
        const each = first === null || scored < 2 ? null : (surroundings.now() - first) / (scored - 1);
        surroundings.notice(shortenedNote(profile, engine.model, used, all, each));
      },
    });
  } finally {
    surroundings.preparing(null);
  }
}

/** A note on what a full calibration would gain, and at what cost. */
function shortenedNote(
  { name }: TaskProfile,
  model: Engine['model'],
  used: number,
  all: number,
  msEach: number | null,
): string {
  const on = used === 0 ? 'without examples' : `on ${used} of ${all} examples`;
  const cost = msEach === null ? '' : ` (about ${roughTime(msEach * all)}, once)`;
  return (
    `calibrated ${name} for ${model.name} ${on}, to answer soon; better: ` +
    `\`slm tasks calibrate ${name} -m ${model.name}\` takes all ${all}${cost}, \`slm tune\` finds more`
  );
}

function roughTime(ms: number): string {
  const seconds = ms / 1000;
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** @throws SlmError where results of the task have no score that an option could be compared with */
export function checkHasThreshold({ name, type }: TaskProfile, option: string): void {
  if (taskTypes[type].settings.includes('threshold')) return;
  throw usageError(`${option} is for tasks whose results have a score; "${name}" is of type ${type}.`, 'Leave it out.');
}

/** The profile with what the command line changes. */
export function withChoices(profile: TaskProfile, { threshold, among }: TaskFlags): TaskProfile {
  if (threshold !== undefined) checkHasThreshold(profile, '--threshold');
  const chosen = withAmong(profile, among);
  return threshold === undefined ? chosen : { ...chosen, threshold: { ...chosen.threshold, min: threshold } };
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
