import path from 'node:path';
import { messageOf, SlmError } from '../../errors.js';
import { methodNamed } from '../../methods/index.js';
import { findTunedSettings, type TunedSettings } from '../../profile/tuned-settings.js';
import type { TaskProfile } from '../../types.js';
import { tunedFolders } from '../opening/tuned-settings.js';
import type { Surroundings } from '../surroundings.js';
import { tunedFiles, tunedModels } from './tuned-files.js';

/** The tuned settings of a task for a model, in short. */
export type TunedFor =
  | {
      readonly model: string;
      readonly file: string;
      readonly method: string;
      /** The metric of `scores`, such as `accuracy`; null where the settings do not say. */
      readonly metric: string | null;
      readonly scores: TunedSettings['scores'];
      /** Examples that it was tuned on. */
      readonly examples: number;
      /** Whether the task has changed since. */
      readonly outdated: boolean;
    }
  | { readonly model: string; readonly file: string; readonly problem: string };

/** Tuned settings of a task, by model. If two folders have settings for a model, the ones that a run uses. */
export function tunedFor(surroundings: Surroundings, profile: TaskProfile): TunedFor[] {
  const folders = tunedFolders(surroundings, profile);
  return tunedModels(folders).flatMap((model): TunedFor[] => {
    try {
      const found = findTunedSettings(folders, model, surroundings.cwd, profile.name);
      if (found === null) return [];
      const { method, metric, scores, data, profile: digest } = found.settings;
      const title = methodNamed(method).title;
      const outdated = digest !== profile.digest;
      return [{ model, file: found.file, method: title, metric: metric ?? null, scores, examples: data.n, outdated }];
    } catch (error) {
      if (!(error instanceof SlmError)) throw error;
      const file = tunedFiles(folders).find((each) => path.basename(each, '.yaml') === model) as string;
      return [{ model, file, problem: messageOf(error) }];
    }
  });
}
