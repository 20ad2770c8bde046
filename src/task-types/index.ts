import type { TaskType } from '../types.js';
import { answer } from './answer/index.js';
import { classify } from './classify/index.js';
import { extract } from './extract/index.js';
import { generate } from './generate/index.js';
import type { TaskTypeDefinition } from './types.js';

/** Every task type. A definition only ever meets outputs of its own type, which the table's type cannot say. */
export const taskTypes = { classify, extract, answer, generate } as unknown as Record<TaskType, TaskTypeDefinition>;
