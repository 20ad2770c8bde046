import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type FormatOptions, plain, writers } from '../../src/formats/index.js';
import type { Output, Prediction, TaskType } from '../../src/types.js';

// The whole output of each format for fixed predictions. `UPDATE_GOLDEN=1 npm test` writes the files anew.

interface Case {
  readonly name: string;
  readonly taskType: TaskType;
  readonly labels?: readonly string[];
  readonly multiLabel?: boolean;
  readonly predictions: readonly Prediction[];
}

function prediction(id: string, text: string, result: Output | string, more: Partial<Prediction> = {}): Prediction {
  const index = Number(id.slice(1)) - 1;
  const fields = { id, text, source: 'a, "b"', label: 'gold' };
  const record = { index, id, text, fields, added: null, origin: { file: 'in.jsonl', line: index + 1 } };
  return {
    record,
    ...(typeof result === 'string' ? { error: result } : { output: result }),
    ms: 1,
    ...more,
  };
}

const tooLong = 'the text is longer than the context of the model';
const handbook = 'Größe 😀.\nStaff have 30 days of leave.\nAsk HR.\n';

const cases: readonly Case[] = [
  {
    name: 'classify',
    taskType: 'classify',
    labels: ['negative', 'positive'],
    predictions: [
      prediction('r1', 'A joy\tto watch,\n"really" \\o/', {
        type: 'classify',
        labels: ['positive'],
        abstained: false,
        score: 0.93456789,
        scores: { negative: 0.06543211, positive: 0.93456789 },
      }),
      prediction(
        'r2',
        'It exists. \u001b[31m映画は良かった 👩‍👩‍👧 and then it went on for a very long time indeed, longer than a line.',
        {
          type: 'classify',
          labels: [],
          abstained: true,
          score: 0.51,
          scores: { negative: 0.49, positive: 0.51 },
        },
      ),
      prediction('r3', 'Too long', tooLong),
    ],
  },
  {
    name: 'classify-multi',
    taskType: 'classify',
    labels: ['food', 'service', 'price'],
    multiLabel: true,
    predictions: [
      prediction(
        'r1',
        'Cheap and tasty',
        {
          type: 'classify',
          labels: ['food', 'price'],
          abstained: false,
          score: 0.9,
          scores: { food: 0.9, service: 0.1, price: 0.8 },
        },
        { explanation: [{ title: 'Prompt', body: 'Review: Cheap and tasty\nAbout:' }] },
      ),
      prediction('r2', 'Hm', {
        type: 'classify',
        labels: [],
        abstained: false,
        score: 0.2,
        scores: { food: 0.2, service: 0.1, price: 0.1 },
      }),
    ],
  },
  {
    name: 'extract',
    taskType: 'extract',
    labels: ['person', 'place'],
    predictions: [
      prediction('r1', '😀 Zoë Çelik flew\nto New York City.', {
        type: 'extract',
        entities: [
          { text: 'Zoë Çelik', label: 'person', start: 3, end: 12, score: 0.9876543 },
          { text: 'New York City', label: 'place', start: 21, end: 34, score: 0.8 },
          { text: 'York', label: 'person', start: 25, end: 29, score: 0.55 },
        ],
      }),
      prediction('r2', 'Nobody went anywhere.', { type: 'extract', entities: [] }),
      prediction('r3', 'Too long', tooLong),
    ],
  },
  {
    name: 'answer',
    taskType: 'answer',
    predictions: [
      prediction('r1', 'How much leave do staff have?', {
        type: 'answer',
        answer: '30 days',
        score: 0.75,
        evidence: {
          document: 'handbook',
          source: 'handbook.md',
          line: 2,
          span: { start: handbook.indexOf('30 days'), end: handbook.indexOf('30 days') + 7 },
          start: { utf16: 21, codepoint: 20, byte: 25 },
          sentence: 'Staff have 30 days of leave.',
          sentenceStart: handbook.indexOf('Staff'),
        },
      }),
      prediction('r2', 'Who is the king?', {
        type: 'answer',
        answer: null,
        score: 0.12,
        reason: 'no passage is close enough',
      }),
      prediction('r3', 'Too long?', tooLong),
    ],
  },
  {
    name: 'generate',
    taskType: 'generate',
    predictions: [
      prediction('r1', 'Ann, 30', {
        type: 'generate',
        text: '{"name": "Ann",\n"age": 30}',
        value: { name: 'Ann', age: 30 },
      }),
      prediction('r2', 'A haiku', { type: 'generate', text: 'An old pond\nA frog' }),
      prediction('r3', 'Too long', tooLong),
    ],
  },
];

describe('formats', () => {
  for (const { name, predictions, ...task } of cases) {
    for (const [format, load] of Object.entries(writers)) {
      const file = `${name}.${format}`;
      it(`writes ${file}`, async () => {
        const writer = await load();
        const options: FormatOptions = {
          labels: [],
          multiLabel: false,
          properties: ['name', 'age'],
          input: name === 'answer' ? 'question' : 'text',
          ...task,
          offsets: 'codepoint',
          passThrough: writer.name !== 'jsonl' || name !== 'answer',
          fieldNames: ['text', 'source', 'label'],
          width: 72,
          paint: plain,
        };
        const written = [
          writer.start(options),
          ...predictions.map((each) => writer.prediction(each, options)),
          writer.end(options),
        ].join('');
        const path = new URL(`../golden/${file}`, import.meta.url);
        if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, written);
        assert.equal(written, readFileSync(path, 'utf8'));
      });
    }
  }
});
