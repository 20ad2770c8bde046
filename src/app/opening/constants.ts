import path from 'node:path';
import { bundledCache, fileCache } from '../../cache.js';
import type { Cache } from '../../methods/types.js';
import type { TaskProfile } from '../../types.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/** Constants from the task's folder first, then those computed here. */
export function constantsCache(surroundings: Surroundings, profile: TaskProfile): Cache {
  return bundledCache(bundleFile(surroundings, profile), userCache(surroundings));
}

/** The file beside a task.yaml with the constants that its author has computed. */
export function bundleFile(surroundings: Surroundings, profile: TaskProfile): string {
  return path.join(path.dirname(path.resolve(surroundings.cwd, profile.path)), 'calibration.json');
}

function userCache(surroundings: Surroundings): Cache {
  return fileCache(path.join(cacheDirectory(surroundings), 'calibration'));
}
