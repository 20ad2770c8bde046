import type { Example, Gold, InputRecord, Label, TaskProfile } from '../../src/types.js';

export function labelOf(name: string, more: Partial<Label> = {}): Label {
  return { name, description: '', word: name, aliases: [], ...more };
}

/** A profile as `loadProfile` would make it: sentiment, two labels, no examples. */
export function profileWith(changes: Partial<TaskProfile> = {}): TaskProfile {
  return {
    name: 'sentiment',
    path: 'tasks/sentiment/task.yaml',
    description: '',
    type: 'classify',
    model: null,
    input: 'text',
    labels: [labelOf('positive'), labelOf('negative')],
    multiLabel: false,
    prompt: { instruction: '', base: 'Review: {{ text }}\nSentiment:', chat: 'Review: {{ text }}', use: 'auto' },
    examples: [],
    method: 'label-likelihood',
    options: { shots: 0, calibration: 'none', poolSize: 200 },
    schema: null,
    grammar: null,
    threshold: { min: 0, below: 'abstain' },
    metrics: [],
    fixtures: [],
    documents: [],
    files: [],
    digest: 'digest',
    tuned: null,
    ...changes,
  };
}

export function recordWith(text: string, changes: Partial<InputRecord> = {}): InputRecord {
  return {
    index: 0,
    id: text.slice(0, 12),
    text,
    fields: { text },
    added: null,
    origin: { file: 'in.jsonl', line: 1 },
    ...changes,
  };
}

export function exampleWith(text: string, gold: Gold, changes: Partial<InputRecord> = {}): Example {
  return { record: recordWith(text, changes), gold };
}

/** An example of a single-label task. */
export function labelled(text: string, label: string): Example {
  return exampleWith(text, { type: 'classify', labels: [label] }, { fields: { text, label } });
}
