import { installedNames, installedStats, type ModelEnvironment, readCatalogue } from '../models/index.js';

/** A line of the list. */
export interface ListedModel {
  readonly name: string;
  readonly title: string | null;
  readonly parameters: string | null;
  readonly quant: string | null;
  readonly format: 'base' | 'chat' | null;
  /** Tokens. */
  readonly context: number | null;
  readonly bytes: number | null;
  readonly license: string | null;
  /** Whether its sources were fetched and checked by us. */
  readonly verified: boolean;
  readonly installed: boolean;
  /** Used when nothing else is said. */
  readonly default: boolean;
}

/**
 * The catalogue, then what else is in the store.
 * @param standard the default model
 * @param onProblem told of each manifest that is not valid, whose model is left out
 */
export async function listModels(
  env: ModelEnvironment,
  standard: string,
  onProblem: (problem: string) => void,
): Promise<ListedModel[]> {
  const catalogue = readCatalogue(env, onProblem).map((manifest): ListedModel => {
    const { name, title, parameters, quant, format, context: tokens, bytes, license, verified } = manifest;
    const stats = installedStats(env.dataDir, name);
    return {
      name,
      title,
      parameters,
      quant,
      format,
      context: tokens,
      bytes: stats?.size ?? bytes,
      license: license.name,
      verified,
      installed: stats !== null,
      default: name === standard,
    };
  });
  const named = new Set(catalogue.map(({ name }) => name));
  const others = (await installedNames(env.dataDir)).filter((name) => !named.has(name));
  return [...catalogue, ...others.map((name) => unlisted(name, env, standard))];
}

/** Finds the models of the list whose descriptions contain all words. */
export async function searchModels(
  env: ModelEnvironment,
  standard: string,
  words: readonly string[],
  onProblem: (problem: string) => void,
): Promise<ListedModel[]> {
  const families = new Map(readCatalogue(env, onProblem).map(({ name, family }) => [name, family]));
  const wanted = words.map((word) => word.toLowerCase());
  const listed = await listModels(env, standard, () => undefined);
  return listed.filter((model) => {
    const { name, title, parameters, quant, format, license } = model;
    const said = [name, title, families.get(name), parameters, quant, format, license].join('\n').toLowerCase();
    return wanted.every((word) => said.includes(word));
  });
}

/** A model of the store without a manifest: fetched by its address, or put there by somebody. */
function unlisted(name: string, env: ModelEnvironment, standard: string): ListedModel {
  return {
    name,
    title: null,
    parameters: null,
    quant: null,
    format: null,
    context: null,
    bytes: installedStats(env.dataDir, name)?.size ?? null,
    license: null,
    verified: false,
    installed: true,
    default: name === standard,
  };
}
