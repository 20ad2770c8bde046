export { serve } from './listen.js';
export { usualLimits } from './types.js';
