import { nearestTo } from '../methods/nearest-examples.js';
import { written, writtenIn } from '../task-types/generate/values.js';
import type { Example, GenerateOutput, InputRecord } from '../types.js';
import type { Baseline } from './types.js';

/** The output of the example that is most like the text, by BM25. An example is none for itself. */
export const nearestOutput: Baseline = {
  name: 'nearest-output',
  title: 'the output of the text most like it',
  taskTypes: ['generate'],
  reported: false,
  train: (examples) => nearestIn(examples),
  heldOut(examples) {
    const nearest = nearestIn(examples);
    return examples.map(({ record }) => nearest(record));
  },
};

function nearestIn(examples: readonly Example[]): (record: InputRecord) => GenerateOutput {
  const nearest = nearestTo(examples.map(({ record }) => record.text));
  return ({ text }) => {
    const [found] = nearest(text, 1);
    const gold = found === undefined ? undefined : examples[found]?.gold;
    return written(gold === undefined ? '' : writtenIn(gold));
  };
}
