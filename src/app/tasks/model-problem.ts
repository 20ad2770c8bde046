import { existsSync } from 'node:fs';
import { serviceOf } from '../../engines/index.js';
import { messageOf, SlmError } from '../../errors.js';
import { readSpec } from '../../models/index.js';
import { modelEnvironment, type Surroundings } from '../surroundings.js';

/** Why there is no such model; null where there is one, or it can be fetched. */
export async function modelProblem(context: Surroundings, model: string): Promise<string | null> {
  try {
    if (serviceOf(model) !== null) return null;
    const read = await readSpec(model, modelEnvironment(context));
    return read.kind === 'path' && !existsSync(read.path) ? `There is no file ${read.path}.` : null;
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    return messageOf(error);
  }
}
