import { defineMetric, mean } from '../../../metrics/define.js';
import type { Gold, Output } from '../../../types.js';
import { canonicalJson } from '../canonical.js';

const about = { better: 'higher', range: [0, 1], binary: true, summarise: mean } as const;

/** Share of records with an output. The grammar makes every output valid, so what is missing was cut off or failed. */
export const valid = defineMetric<number>({
  ...about,
  name: 'valid',
  title: 'valid outputs',
  observe: ({ gold, output }) => (gold.type === 'generate' ? Number(output?.type === 'generate') : null),
});

/** Share of outputs equal to the gold one: as JSON values where the output has one, otherwise as text without white space around it. */
export const exactOutput = defineMetric<number>({
  ...about,
  name: 'exact-output',
  title: 'exact output',
  observe: ({ gold, output }) => (gold.type === 'generate' ? Number(sameOutput(gold, output)) : null),
});

function sameOutput(gold: Gold & { type: 'generate' }, output: Output | null): boolean {
  if (output?.type !== 'generate') return false;
  if (output.value === undefined) return gold.output.trim() === output.text.trim();
  const wanted = canonicalJson(gold.output);
  return wanted !== null && wanted === canonicalJson(output.text);
}
