import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { Price, ServiceSettings } from '../engines/types.js';
import type { Config } from './config-file.js';
import { configDirectory, isOn, type Surroundings } from './surroundings.js';

/** The model where nobody names one. */
export const defaultModel = 'gemma-3-270m';

/** Where settings may be, the user's before the project's. */
export function configFiles(surroundings: Surroundings): string[] {
  return [path.join(configDirectory(surroundings), 'config.yaml'), path.join(surroundings.cwd, 'slm.yaml')];
}

/**
 * Whether there is such a file. A link that leads nowhere counts as one, so that reading it ends in an error: its
 * settings would be missing without a word. A folder that may not be entered, like the home of another user in a
 * container, counts as empty.
 */
function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** The model that `./slm.yaml` names. */
export async function projectModel(surroundings: Surroundings): Promise<string | undefined> {
  const [, file] = configFiles(surroundings);
  if (file === undefined || !isThere(file)) return undefined;
  const { readConfigFile } = await import('./config-file.js');
  return readConfigFile(file).model;
}

/** Settings of the project (`./slm.yaml`) over those of the user (`config.yaml` in the configuration folder). */
export async function readConfig(surroundings: Surroundings): Promise<Config> {
  const found = configFiles(surroundings).filter((file) => isThere(file));
  if (found.length === 0) return {};
  const { readConfigFile } = await import('./config-file.js');
  return Object.assign({}, ...found.map(readConfigFile)) as Config;
}

/**
 * How models behind a service are used. What allows them is the user's own: a flag, the environment, `config.yaml`; a
 * project can only lower the budget.
 */
export async function remoteSettings(
  surroundings: Surroundings,
): Promise<Omit<ServiceSettings, 'price'> & { allow: boolean; prices: Readonly<Record<string, Price>> }> {
  const files = configFiles(surroundings).map((file) => (isThere(file) ? file : null));
  const read = async (file: string | null | undefined) =>
    file == null ? {} : ((await import('./config-file.js')).readConfigFile(file).remote ?? {});
  const [own, project] = [await read(files[0]), await read(files[1])];
  const budgets = [own.budget, project.budget].filter((each) => each !== undefined);
  return {
    allow: isOn(surroundings.env.SLM_REMOTE) || own.allow === true,
    concurrency: project.concurrency ?? own.concurrency ?? 8,
    timeoutMs: Math.ceil(1000 * (project.timeout ?? own.timeout ?? 60)),
    firstWaitMs: 500,
    budget: budgets.length === 0 ? null : Math.min(...budgets),
    // With prices of its own for a model that the user knows, a project could spend more than the budget.
    prices: { ...project.prices, ...own.prices },
  };
}
