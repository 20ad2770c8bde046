import type { ServedTask, TaskPool } from '../../src/app/serving/pool.js';
import { isBadRow, predictionOfBadRow } from '../../src/record.js';
import type { InputRecord, Output } from '../../src/types.js';

export const mood: ServedTask = {
  name: 'mood',
  description: 'good or bad',
  type: 'classify',
  multiLabel: false,
  input: 'text',
  labels: [
    { name: 'good', description: '' },
    { name: 'bad', description: '' },
    { name: 'mixed', description: '' },
  ],
};

const names: ServedTask = { ...mood, name: 'names', type: 'extract', labels: [{ name: 'person', description: '' }] };

const facts: ServedTask = { ...mood, name: 'facts', type: 'answer', input: 'question', labels: [] };

const order: ServedTask = { ...mood, name: 'order', type: 'generate', labels: [] };

/**
 * A pool that answers by rule: a text is as good as it has "good", "Rosa" is a person and the answer to any question,
 * and an order is of the text's length. `wait` holds records up.
 */
export function fakePool(
  wait: () => Promise<void> = async () => undefined,
  more: readonly ServedTask[] = [],
): TaskPool & { asked: string[] } {
  const tasks = [mood, names, facts, order, ...more];
  const asked: string[] = [];
  return {
    asked,
    tasks,
    find: (name) => tasks.find((task) => task.name === name) ?? null,
    async *predict(task, records, signal) {
      for await (const record of records) {
        await wait();
        if (signal.aborted) return;
        if (isBadRow(record)) yield predictionOfBadRow(record);
        else yield { record, output: outputFor(task, record), ms: 1 };
      }
    },
    async ask({ options }) {
      asked.push(options.map(({ name }) => name).join());
      const sum = options.reduce((total, { name }) => total + name.length, 0);
      return new Map(options.map(({ name }) => [name, name.length / sum]));
    },
    async generate({ text, schema }) {
      if (schema === null) return { type: 'generate', text: `you said: ${text}` };
      return { type: 'generate', text: '{"said":true}', value: { said: true } };
    },
    countTokens: async (_task, text) => text.split(/\s+/u).length,
    load: async () => undefined,
    loaded: () => ['mood'],
    close: async () => undefined,
  };
}

function outputFor(task: ServedTask, { text, fields }: InputRecord): Output {
  if (task.type === 'generate') {
    const value = { length: [...text].length, note: 'süß 😀' };
    return { type: 'generate', text: JSON.stringify(value), value };
  }
  if (task.type === 'answer') return answerIn(String(fields.context ?? ''));
  if (task.type === 'extract') {
    const start = text.indexOf('Rosa');
    const entities = start < 0 ? [] : [{ text: 'Rosa', label: 'person', start, end: start + 4, score: 0.9 }];
    return { type: 'extract', entities };
  }
  const good = text.includes('good') ? 0.6 : 0.1;
  const abstained = text === 'unsure';
  const scores = { good, bad: 0.7 - good, mixed: 0.3 };
  return { type: 'classify', labels: abstained ? [] : [good > 0.5 ? 'good' : 'bad'], abstained, score: 0.6, scores };
}

function answerIn(context: string): Output {
  const at = context.indexOf('Rosa');
  if (at < 0) return { type: 'answer', answer: null, score: 0.1, reason: 'no passage has it' };
  const before = context.slice(0, at);
  const start = { codepoint: [...before].length, utf16: at, byte: Buffer.byteLength(before) };
  const where = { document: 'record/context', source: 'context', line: 1, span: { start: at, end: at + 4 } };
  return {
    type: 'answer',
    answer: 'Rosa',
    score: 0.8,
    evidence: { ...where, start, sentence: context, sentenceStart: 0 },
  };
}
