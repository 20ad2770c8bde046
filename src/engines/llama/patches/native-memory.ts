import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const interval = 32;

/**
 * Where samplers cannot be pooled (see sampler-pool.ts), each evaluation holds one until a collection, and V8 does
 * not see how large it is. A minor collection (0.7 ms) every 32 calls keeps that bounded.
 */
export function createCollector(): () => void {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  let calls = 0;
  return () => {
    calls++;
    if (calls % interval === 0) collect({ type: 'minor' });
  };
}
