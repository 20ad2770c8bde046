import { existsSync } from 'node:fs';
import { modelsOf } from '../../cascade-reference.js';
import { serviceOf } from '../../engines/index.js';
import { messageOf, SlmError } from '../../errors.js';
import { readSpec } from '../../models/index.js';
import { modelEnvironment, type Surroundings } from '../surroundings.js';

/** Why there is no such model; null where there is one, or it can be fetched. */
export async function modelProblem(surroundings: Surroundings, model: string): Promise<string | null> {
  try {
    for (const name of modelsOf(model)) {
      if (serviceOf(name) !== null) continue;
      const read = await readSpec(name, modelEnvironment(surroundings));
      if (read.kind === 'path' && !existsSync(read.path)) return `There is no file ${read.path}.`;
    }
    return null;
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    return messageOf(error);
  }
}
