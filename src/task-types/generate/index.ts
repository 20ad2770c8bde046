import { stringifyJson } from '../../json.js';
import type { GenerateGold, GenerateOutput } from '../../types.js';
import type { TaskTypeDefinition } from '../types.js';
import { canonicalJson } from './canonical.js';
import { metrics } from './metrics/index.js';
import { results } from './results.js';
import { json } from './starter.js';

/** Text in a form that a JSON Schema or a grammar lays down. */
export const generate: TaskTypeDefinition<GenerateOutput, GenerateGold> = {
  type: 'generate',
  title: 'generation',
  input: 'text',
  goldFields: ['output'],
  settings: ['schema', 'grammar'],
  missingGold: '"output"',
  comparesLabels: false,
  readsDocuments: false,
  fewestLabels: () => 0,
  usualThreshold: (multiLabel) => (multiLabel ? 0.5 : 0),
  defaultMethod: () => 'constrained-generation',

  readGold(fields) {
    const raw = fields.output;
    if (raw === undefined || raw === null) return null;
    return { type: 'generate', output: typeof raw === 'string' ? raw : stringifyJson(raw) };
  },

  goldKey: (gold) => JSON.stringify(gold),
  passageOf: () => [],

  empty() {
    throw new Error('the input is empty');
  },

  // Two halves of an object are not an object.
  merge: null,

  isWithheld: () => false,
  confidence: () => null,
  teachable: false,
  certainty: null,
  isGrounded: null,

  correct({ gold, output }) {
    if (gold.type !== 'generate' || output?.type !== 'generate') return false;
    return canonical(gold.output) === canonical(output.text);
  },

  outputKey: ({ text }) => canonical(text),

  describe(value) {
    if (value.type !== 'generate') return '';
    return 'output' in value ? value.output : value.text;
  },

  metrics,
  countsByLabel: null,
  confusion: () => null,
  reliability: () => null,
  isSkewed: () => false,
  tuningMetric: () => 'field-f1',
  objective: (metric) => metric,
  probabilityMetric: () => null,
  stratumOf: () => '',
  strata: () => 0,
  decisions: () => [],
  checkExamples: () => [],
  results,
  starters: { generate: json },
};

/** JSON by its value; other text as it is. */
function canonical(text: string): string {
  return canonicalJson(text) ?? text.trim();
}
