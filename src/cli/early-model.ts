import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { HeadStart } from '../engine/head-start.js';
import { findTask } from '../profile/paths.js';
import { defaultModel, readConfig } from './config.js';
import { type CliContext, modelEnvironment, profileContext } from './context.js';
import type { EngineFlags } from './open.js';

/**
 * Begins to load the model before the task is read, where it is certain which one it will be and that its file is
 * the one that was checked. Reading a task takes as long as a part of the model.
 * @returns null where that is not certain; nothing has happened then
 */
export async function loadEarly(context: CliContext, task: string, flags: EngineFlags): Promise<HeadStart | null> {
  const config = await readConfig(context);
  if (context.debug || (flags.gpu ?? config.gpu) !== undefined) return null;
  const name = flags.model ?? config.model ?? (namesModel(context, task) ? null : defaultModel);
  if (name === null || !/^[a-z0-9][a-z0-9._-]*$/u.test(name) || name.endsWith('.gguf')) return null;
  const file = path.join(modelEnvironment(context).dataDir, 'models', `${name}.gguf`);
  if (!isUntouched(file)) return null;
  const { startLoading } = await import('../engine/head-start.js');
  return startLoading(file);
}

/** Whether a task may say which model it wants: in a word of its own file, or of one that it includes. */
function namesModel(context: CliContext, task: string): boolean {
  const { cwd, folders } = profileContext(context);
  return /\b(?:model|include)\b/u.test(readFileSync(findTask(task, folders, cwd), 'utf8'));
}

/** As when it was last hashed; models/store.ts, which reads more than a start has time for, checks it all the same. */
function isUntouched(file: string): boolean {
  const record = file.replace(/\.gguf$/u, '.json');
  if (!existsSync(file) || !existsSync(record)) return false;
  try {
    const { bytes, mtimeMs } = JSON.parse(readFileSync(record, 'utf8')) as { bytes: unknown; mtimeMs: unknown };
    const stats = statSync(file);
    return stats.size === bytes && stats.mtimeMs === mtimeMs;
  } catch {
    return false;
  }
}
