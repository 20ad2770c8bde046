import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { HeadStart } from '../../engines/index.js';
import { engines } from '../../engines/index.js';
import { stampOf } from '../../gguf/model-file.js';
import { findTask } from '../../profile/paths.js';
import { readSettingsText } from '../../settings-file.js';
import { defaultModel, readConfig } from '../config.js';
import { modelEnvironment, profileContext, type Surroundings } from '../surroundings.js';
import { hintedFile } from './early-hint.js';
import type { EngineFlags } from './flags.js';

/**
 * Begins to load the model before the task is read, where it is certain which one it will be and that its file is
 * the one that was checked. Reading a task takes as long as a part of the model.
 * @returns null where that is not certain; nothing has happened then
 */
export async function loadEarly(
  surroundings: Surroundings,
  task: string,
  flags: EngineFlags,
): Promise<HeadStart | null> {
  const config = await readConfig(surroundings);
  if (surroundings.engineLog !== null || (flags.gpu ?? config.gpu) !== undefined) return null;
  const name = flags.model ?? config.model ?? modelOf(surroundings, task);
  if (name === null || !/^[a-z0-9][a-z0-9._-]*$/u.test(name) || name.endsWith('.gguf')) return null;
  const file = path.join(modelEnvironment(surroundings).dataDir, 'models', `${name}.gguf`);
  if (!isUntouched(file)) return null;
  const { cwd, folders } = profileContext(surroundings);
  const hinted = hintedFile(surroundings, findTask(task, folders, cwd), file) ?? file;
  // A derived file that no longer matches its record is made anew: there is nothing to begin with.
  return isUntouched(hinted) ? engines.llama.startLoading(hinted) : null;
}

/**
 * The file under way where it is the one that is wanted, else a new start.
 * @param accelerated a graphics card takes other options, so that nothing can be begun
 */
export async function headStartFor(
  surroundings: Surroundings,
  early: HeadStart | null,
  file: string,
  accelerated: boolean,
): Promise<HeadStart | null> {
  const started = isStill(early, file) ? early : null;
  if (started === null) await early?.discard();
  // The engine's log would be lost.
  if (accelerated || surroundings.engineLog !== null) return null;
  return started ?? (await engines.llama.startLoading(file));
}

/** Returns whether it is this model, and not one that another has replaced meanwhile. */
function isStill(early: HeadStart | null, file: string): boolean {
  return early?.file === file && JSON.stringify(early.stamp) === JSON.stringify(stampOf(file));
}

/** The model that a task names, as far as that can be told without parsing it; null where it cannot. */
function modelOf(surroundings: Surroundings, task: string): string | null {
  const { cwd, folders } = profileContext(surroundings);
  const text = readSettingsText(findTask(task, folders, cwd), task);
  if (/\binclude\b/u.test(text)) return null;
  const [line, ...others] = text.split('\n').filter((each) => /\bmodel\b/u.test(each));
  if (line === undefined) return defaultModel;
  return others.length > 0 ? null : (/^model: ([a-z0-9][a-z0-9._-]*)\s*$/u.exec(line)?.[1] ?? null);
}

/** As when it was last hashed; models/store.ts, which reads more than a start has time for, checks it all the same. */
function isUntouched(file: string): boolean {
  const record = file.replace(/\.gguf$/u, '.json');
  if (!existsSync(file) || !existsSync(record)) return false;
  try {
    const { bytes, mtimeMs, ctimeMs } = JSON.parse(readFileSync(record, 'utf8')) as Record<string, unknown>;
    const stats = statSync(file);
    return stats.size === bytes && stats.mtimeMs === mtimeMs && stats.ctimeMs === ctimeMs;
  } catch {
    return false;
  }
}
