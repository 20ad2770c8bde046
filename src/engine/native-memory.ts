import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const interval = 32;

/**
 * Every evaluation holds a sampler of 12 bytes a vocabulary entry until a collection, which V8 does not see: 3 MB a
 * call for Gemma, 0.5 GB grown to 1.9 GB after 900 records. A minor collection (0.7 ms) every 32 calls bounds it.
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
