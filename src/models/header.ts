import { checkGguf } from '../gguf/check.js';
import { onceEach } from '../lazy.js';
import type { ResolvedModel } from './types.js';

/**
 * The checked header of a model's file. It is read once for each resolved model.
 * @throws SlmError where the file is no language model that can be read
 */
export const headerOfModel = onceEach(({ path }: ResolvedModel) => checkGguf(path));
