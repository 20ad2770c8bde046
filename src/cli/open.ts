import path from 'node:path';
import { bundledCache, fileCache, recordingCache } from '../cache.js';
import { readDocuments } from '../documents.js';
import type { HeadStart } from '../engine/head-start.js';
import type { EngineOptions } from '../engine/llama.js';
import { usageError } from '../errors.js';
import { stampOf } from '../jobs/model-file.js';
import type { Cache, Document } from '../methods/types.js';
import { type ResolvedModel, resolveModel } from '../models/index.js';
import { openTask, type Task } from '../predict.js';
import { documentFiles } from '../profile/paths.js';
import type { Engine, TaskProfile } from '../types.js';
import { defaultModel, readConfig } from './config.js';
import { type CliContext, cacheDirectory, modelEnvironment, modelEvents } from './context.js';
import { createStatusLine } from './ui/status-line.js';

/** Options that every command which loads a model has. */
export interface EngineFlags {
  model?: string;
  threads?: number;
  contextSize?: number;
  gpu?: 'auto' | 'cuda' | 'vulkan' | 'metal';
}

/** The model to use: flag or environment, then project and user configuration, then the task's own, then the default. */
export async function chooseModel(
  context: CliContext,
  flags: Pick<EngineFlags, 'model'>,
  profile: Pick<TaskProfile, 'model'> | null,
): Promise<string> {
  return flags.model ?? (await readConfig(context)).model ?? profile?.model ?? defaultModel;
}

/**
 * Loads a model, after fetching it where it is missing.
 * @param early the model under way, if it is the one
 */
export async function openModel(
  context: CliContext,
  spec: string,
  flags: EngineFlags,
  parallel: 'one' | 'many',
  early: HeadStart | null = null,
): Promise<Engine> {
  const model: ResolvedModel = await resolveModel(spec, modelEnvironment(context), modelEvents(context));
  const config = await readConfig(context);
  const options: EngineOptions = {
    path: model.path,
    name: model.name,
    sha256: model.sha256,
    parallel,
    ...(model.manifest === null ? {} : { format: model.manifest.format }),
    ...(model.manifest?.template === undefined ? {} : { chatTemplate: model.manifest.template }),
    ...definedOnly({
      threads: flags.threads ?? config.threads,
      contextSize: flags.contextSize ?? config.contextSize,
      accelerator: flags.gpu ?? config.gpu,
    }),
    prefixes: { directory: path.join(cacheDirectory(context), 'prefixes'), now: () => Date.now() },
    ...(context.debug ? { onLog: (line: string) => context.stderr.write(`llama.cpp: ${line.trimEnd()}\n`) } : {}),
  };
  // Loaded only here: the commands that need no model start without the library (0.3 s).
  const { startLoading } = await import('../engine/head-start.js');
  // Its log would be lost, and a graphics card takes other options.
  const unfit = context.debug || options.accelerator !== undefined;
  const headStart = unfit ? null : isStill(early, model.path) ? early : await startLoading(model.path);
  const { openEngine } = await import('../engine/llama.js');
  return openEngine({ ...options, headStart });
}

/** Whether it is this model, and not one that another has replaced meanwhile. */
function isStill(early: HeadStart | null, file: string): boolean {
  return early?.file === file && JSON.stringify(early.stamp) === JSON.stringify(stampOf(file));
}

/** Makes a task ready: its method prepared, with constants from its folder or the cache. */
export async function openTaskOn(
  context: CliContext,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
): Promise<Task> {
  return prepare(context, profile, engine, documents, bundledCache(bundleFile(context, profile), userCache(context)));
}

/**
 * Computes a task's constants for a model as if nobody had before.
 * @returns entries for the task's `calibration.json`
 */
export async function computeConstants(
  context: CliContext,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
): Promise<Readonly<Record<string, unknown>>> {
  const recording = recordingCache();
  await prepare(context, profile, engine, documents, recording);
  return recording.entries;
}

export function bundleFile(context: CliContext, profile: TaskProfile): string {
  return path.join(path.dirname(path.resolve(context.cwd, profile.path)), 'calibration.json');
}

function userCache(context: CliContext): Cache {
  return fileCache(path.join(cacheDirectory(context), 'calibration'));
}

async function prepare(
  context: CliContext,
  profile: TaskProfile,
  engine: Engine,
  documents: readonly Document[],
  cache: Cache,
): Promise<Task> {
  const status = createStatusLine(context);
  let announced = false;
  try {
    return await openTask({
      profile,
      engine,
      documents,
      cache,
      ownDocuments: () => documentsFor(context, profile, []),
      onProgress: (what, done, total) => {
        if (!announced)
          context.notice(`${what} ${profile.name} for ${engine.model.name} on ${total} examples; this is done once`);
        announced = true;
        status.show(`${done} of ${total} examples`);
      },
    });
  } finally {
    status.clear();
  }
}

/** Documents named on the command line instead of the profile's own. */
export async function documentsFor(
  context: CliContext,
  profile: TaskProfile,
  named: readonly string[],
): Promise<Document[]> {
  const onWarning = (message: string) => context.notice(message);
  if (named.length === 0) {
    return readDocuments(profile.documents, context.stdin, onWarning, (file) => path.basename(file));
  }
  if (profile.type !== 'answer') {
    throw usageError(`--context is for tasks that answer questions; "${profile.name}" is of type ${profile.type}.`);
  }
  const files = named.flatMap((name) => {
    if (name === '-') return [name];
    const found = documentFiles(name, context.cwd);
    if (found.length === 0)
      throw usageError(`no document at "${name}"`, 'Name a text file, or a folder that holds some.');
    return found.length === 1 ? [name] : found.map((file) => path.relative(context.cwd, file));
  });
  return readDocuments(
    files.map((file) => (file === '-' ? file : path.resolve(context.cwd, file))),
    context.stdin,
    onWarning,
    (file) => (file === '-' ? file : path.relative(context.cwd, file)),
  );
}

/** The profile with what the command line changes. */
export function withThreshold(profile: TaskProfile, threshold: number | undefined): TaskProfile {
  return threshold === undefined ? profile : { ...profile, threshold: { ...profile.threshold, min: threshold } };
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
