import { cascadeOf } from '../../cascade-reference.js';
import { serviceOf } from '../../engines/index.js';
import { nameOfModel, readSpec } from '../../models/index.js';
import { modelEnvironment, type Surroundings } from '../surroundings.js';

/** The name that a model will have in its report, before it is fetched. */
export async function modelName(surroundings: Surroundings, model: string): Promise<string> {
  if (cascadeOf(model) !== null || serviceOf(model) !== null) return model;
  return nameOfModel(await readSpec(model, modelEnvironment(surroundings)));
}

/** The names with a number where one comes again. */
export function systemNames(names: readonly string[]): string[] {
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((one) => one === name).length;
    return before === 0 ? name : `${name} (${before + 1})`;
  });
}
