import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from './config-file.js';
import { configDirectory, type Surroundings } from './surroundings.js';

/** The model where nobody names one. */
export const defaultModel = 'gemma-3-270m';

/** Where settings may be, the user's before the project's. */
export function configFiles(context: Surroundings): string[] {
  return [path.join(configDirectory(context), 'config.yaml'), path.join(context.cwd, 'slm.yaml')];
}

/** The model that `./slm.yaml` names. */
export async function projectModel(context: Surroundings): Promise<string | undefined> {
  const [, file] = configFiles(context);
  if (file === undefined || !existsSync(file)) return undefined;
  const { readConfigFile } = await import('./config-file.js');
  return readConfigFile(file).model;
}

/** Settings of the project (`./slm.yaml`) over those of the user (`config.yaml` in the configuration folder). */
export async function readConfig(context: Surroundings): Promise<Config> {
  const found = configFiles(context).filter((file) => existsSync(file));
  if (found.length === 0) return {};
  const { readConfigFile } = await import('./config-file.js');
  return Object.assign({}, ...found.map(readConfigFile)) as Config;
}
