import path from 'node:path';
import { knowingCache, NotKnown, rememberingCache } from '../../cache.js';
import { engines, type HeadStart, type ServiceReference, serviceOf } from '../../engines/index.js';
import type { AlphabetName } from '../../gguf/alphabet.js';
import { type ModelFile, watchModelFile } from '../../gguf/model-file.js';
import type { Recipe } from '../../gguf/recipe.js';
import { methodOf, withFittingMethod } from '../../methods/index.js';
import { checkCapabilities } from '../../methods/needs.js';
import type { Document } from '../../methods/types.js';
import type { ResolvedModel } from '../../models/index.js';
import type { Fallback, Task } from '../../predict.js';
import { withAmong } from '../../task-types/among.js';
import type { Engine, LocalEngine, ModelHead, TaskProfile } from '../../types.js';
import { readConfig } from '../config.js';
import { noticeMissingCache } from '../scratch.js';
import type { Surroundings } from '../surroundings.js';
import { withChoices } from './choices.js';
import { modelToFetch, resolveNamed } from './choose-model.js';
import { constantsCache } from './constants.js';
import { coveringAlphabet, fallbackFor } from './covering-alphabet.js';
import { keepHint } from './early-hint.js';
import { isEmbedding, openEmbedding, openSecondModel, secondModel } from './embedding.js';
import type { TaskFlags } from './flags.js';
import { openJudge } from './judge.js';
import { openResolved } from './open-model.js';
import { type OpenedTask, openedTask } from './opened-task.js';
import { openTaskOn, prepareTask } from './prepare-task.js';
import { openService } from './service.js';
import { noticeThreads } from './threads.js';
import { tunedProfile } from './tuned-settings.js';

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
  const openWhole = async () => prepareTask(surroundings, profile, await load('all'), documents, cache, helpers);
  /** Constants that nobody has computed yet are computed on the whole model: examples may have any characters. */
  const openCut = async (engine: Engine, fallback: Fallback): Promise<Task> => {
    try {
      return await prepareTask(surroundings, profile, engine, documents, knowingCache(cache), helpers);
    } catch (error) {
      if (!(error instanceof NotKnown)) throw error;
      await fallback.open();
      return prepareTask(surroundings, profile, engine, documents, cache, helpers);
    }
  };
  const openBoth = async (alphabetName: AlphabetName): Promise<Task> => {
    const fallback = fallbackFor(profile, alphabetName, openWhole);
    return { ...(await openCut(await load(alphabetName), fallback)), fallback };
  };
  const open = async (): Promise<Task> => {
    const task = await (alphabet === null ? openWhole() : openBoth(alphabet));
    const { path: used } = task.engine.model;
    if (used !== null) keepHint(surroundings, path.resolve(surroundings.cwd, profile.path), model.path, used);
    return task;
  };
  return openedTask(open, {
    checkModel: () => {
      for (const file of files) file.check();
    },
    close,
  });

  async function close(): Promise<void> {
    // Also what a record still waits for, such as the whole model: `process.exit` would wait for it without an end.
    await Promise.all(loading);
    await Promise.all(loaded.splice(0).map((engine) => engine.dispose()));
  }
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
  return openedTask(() => openTaskOn(surroundings, profile, engine, documents), {
    checkModel: () => file.check(),
    close: () => engine.dispose(),
  });
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
  return openedTask(() => openTaskOn(surroundings, profile, engine, documents), {
    checkModel: () => undefined,
    close: () => engine.dispose(),
  });
}
