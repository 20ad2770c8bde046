import { modelError } from '../errors.js';
import { architectureName, number } from './summary.js';
import type { GgufHeader, GgufScalar } from './types.js';

/** llama.cpp ends the process at more (LLAMA_MAX_LAYERS, LLAMA_MAX_EXPERTS). */
const mostLayers = 512;
const mostExperts = 512;
/** All that llama.cpp knows (LLAMA_ROPE_SCALING_TYPES). */
const ropeScalings = ['none', 'linear', 'yarn', 'longrope'];
/** Some architectures have a few layers without a tensor of their own. */
const layersWithoutTensors = 8;

interface Rule {
  /** End of the key, after the architecture. */
  readonly key: RegExp;
  readonly expected: string;
  holds(value: number): boolean;
}

const whole = (least: number, most: number): Pick<Rule, 'expected' | 'holds'> => ({
  expected: `a whole number from ${least} to ${most}`,
  holds: (value) => Number.isInteger(value) && value >= least && value <= most,
});

const rules: readonly Rule[] = [
  { key: /^block_count$/u, ...whole(1, mostLayers) },
  { key: /^expert(_used)?_count$/u, ...whole(0, mostExperts) },
  { key: /^(context_length|attention\.sliding_window)$/u, ...whole(0, 2 ** 31 - 1) },
  { key: /^embedding_length$/u, ...whole(1, 2 ** 20) },
  { key: /^(feed_forward_length|vocab_size)$/u, ...whole(0, 2 ** 24) },
  { key: /^attention\.head_count$/u, ...whole(0, 2 ** 14) },
  { key: /^attention\.head_count_kv$/u, ...whole(0, 2 ** 14) },
  { key: /^(attention\.(key|value)_length|rope\.dimension_count)(_swa|_mla)?$/u, ...whole(0, 2 ** 16) },
  {
    key: /epsilon$/u,
    expected: 'a number from 0 to 1',
    holds: (value) => value >= 0 && value <= 1,
  },
  {
    key: /^rope\..*(freq_base|factor)/u,
    expected: 'a finite number that is not negative',
    holds: (value) => Number.isFinite(value) && value >= 0,
  },
];

/**
 * Makes sure that llama.cpp can be given what the header says of the model's form: it believes most of it, and ends the
 * process where that is wrong instead of refusing the file. What is missing, it refuses by itself.
 * @throws SlmError of kind `model` that names the key, the value and what was expected
 */
export function checkNumbers(header: GgufHeader): void {
  const architecture = architectureName(header);
  const refuse = (key: string, value: GgufScalar, expected: string) =>
    modelError(
      `${header.path} is damaged: its header says ${key} = ${value}, which must be ${expected}.`,
      'Download it again; `slm models pull NAME` does so for a model of the catalogue.',
    );
  for (const [key, { value }] of header.metadata) {
    if (!key.startsWith(`${architecture}.`)) continue;
    const rule = rules.find((each) => each.key.test(key.slice(architecture.length + 1)));
    if (rule === undefined) continue;
    const values = typeof value === 'object' ? (value.values ?? []) : [value];
    for (const each of values) {
      if (typeof each === 'string' || typeof each === 'boolean') throw refuse(key, each, rule.expected);
      if (!rule.holds(Number(each))) throw refuse(key, each, rule.expected);
    }
  }
  const scaling = header.metadata.get(`${architecture}.rope.scaling.type`)?.value;
  if (typeof scaling === 'string' && !ropeScalings.includes(scaling)) {
    throw refuse(`${architecture}.rope.scaling.type`, scaling, `one of ${ropeScalings.join(', ')}`);
  }
  const experts = number(header, `${architecture}.expert_count`) ?? 0;
  const used = number(header, `${architecture}.expert_used_count`) ?? 0;
  if (used > experts) throw refuse(`${architecture}.expert_used_count`, used, `at most the ${experts} experts`);
  const layers = number(header, `${architecture}.block_count`);
  const numbered = header.tensors.map(({ name }) => Number(/(?:^|\.)blk\.(\d+)\./u.exec(name)?.[1] ?? -1));
  const there = numbered.reduce((most, index) => Math.max(most, index + 1), 0);
  if (layers === null || there === 0) return;
  if (layers < there || layers > there + layersWithoutTensors) {
    throw refuse(`${architecture}.block_count`, layers, `${there}, as many as it has tensors for`);
  }
}
