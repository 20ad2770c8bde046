import type { Method } from '../types.js';
import { generation } from './generation.js';

export const constrainedGeneration: Method<'generation'> = {
  ...generation,
  candidates: async () => (await import('./candidates.js')).plan,
};
