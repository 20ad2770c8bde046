/**
 * Parts of the public data sets, drawn with a seed. What `slm` can read stays as it was published; only PubMedQA is
 * converted.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { createRandom, shuffle } from '../../src/random.js';

/** Examples drawn from a data set, in a format that `slm` reads. */
export interface Sample {
  /** File name; its suffix says how it is read. */
  readonly file: string;
  readonly content: string;
}

function drawn<T>(items: readonly T[], count: number, seed: number): T[] {
  if (count > items.length) throw new Error(`there are ${items.length}, not ${count}`);
  return shuffle(items, createRandom(seed)).slice(0, count);
}

/** Lines of a table without a header. */
export function lineSample(file: string, count: number, seed: number, name: string): Sample {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return { file: name, content: `${drawn(lines, count, seed).join('\n')}\n` };
}

/** Sentences of a CoNLL file, as they stand there. */
export function sentenceSample(file: string, count: number, seed: number, name: string): Sample {
  const sentences = readFileSync(file, 'utf8')
    .split(/\r?\n[ \t]*\r?\n/u)
    .map((block) => block.trim())
    .filter((block) => block !== '' && !block.startsWith('-DOCSTART-'));
  return { file: name, content: `${drawn(sentences, count, seed).join('\n\n')}\n` };
}

/** Sentences of a CoNLL file as texts: their tokens joined by one space. */
export function conllTexts(file: string, count: number, seed: number): string[] {
  return sentenceSample(file, count, seed, 'test.conll')
    .content.trim()
    .split('\n\n')
    .map((sentence) =>
      sentence
        .split('\n')
        .map((line) => line.split(' ')[0])
        .join(' '),
    );
}

export interface LabelledRow {
  readonly text: string;
  readonly label: string;
}

/** So many of each label to learn from, and of all other rows so many to measure on. */
export function bankingParts(file: string, aLabel: number, heldOut: number, seed: number) {
  const records = parse(readFileSync(file, 'utf8'), { columns: true }) as { text: string; category: string }[];
  const rows = shuffle(
    records.map(({ text, category }): LabelledRow => ({ text, label: category })),
    createRandom(seed),
  );
  const counts = new Map<string, number>();
  const train: LabelledRow[] = [];
  const rest: LabelledRow[] = [];
  for (const row of rows) {
    const count = counts.get(row.label) ?? 0;
    if (count < aLabel) train.push(row);
    else rest.push(row);
    counts.set(row.label, count + 1);
  }
  const known = new Set(train.map(({ text }) => text.trim()));
  const test = rest.filter(({ text }) => !known.has(text.trim())).slice(0, heldOut);
  return { train: jsonlSample('train.jsonl', train), test: jsonlSample('test.jsonl', test) };
}

function pubmedEntries(file: string) {
  const entries = JSON.parse(readFileSync(file, 'utf8')) as Record<
    string,
    { QUESTION: string; CONTEXTS: string[]; final_decision: string }
  >;
  return Object.entries(entries).map(([id, { QUESTION: question, CONTEXTS, final_decision: decision }]) => ({
    id,
    question,
    abstract: CONTEXTS.join(' '),
    decision,
  }));
}

/** The first half to learn from, the second to measure on: the question, with the abstract without its conclusion beside it. */
export function pubmedVerdicts(file: string) {
  const rows = pubmedEntries(file).map(({ id, question, abstract, decision }) => ({
    id,
    text: question,
    context: abstract,
    answers: [decision],
  }));
  return halvesOf(rows);
}

/** One half to learn from, the other to measure on. The text is the abstract without its conclusion, and the question. */
export function pubmedParts(file: string, seed: number) {
  const rows = pubmedEntries(file).map(({ id, question, abstract, decision }) => ({
    id,
    text: `${abstract} Question: ${question}`,
    label: decision,
  }));
  return halvesOf(shuffle(rows, createRandom(seed)));
}

function halvesOf(rows: readonly object[]) {
  const half = rows.length >> 1;
  return {
    train: jsonlSample('train.jsonl', rows.slice(0, half)),
    test: jsonlSample('test.jsonl', rows.slice(half)),
  };
}

/** What customers say, with the intents that it has, none or several, and the values that it names. */
interface Utterance {
  readonly text: string;
  readonly intents?: readonly string[];
  readonly slots?: Readonly<Record<string, { readonly span: readonly [number, number] }>>;
}

/**
 * NLU++ (Casanueva et al. 2022, CC BY 4.0), a domain of it: the first 4 of its 20 folds to learn from, the others to
 * measure on.
 * @param folder `nlupp/data/banking` or `nlupp/data/hotels` of github.com/PolyAI-LDN/task-specific-datasets
 */
export function nluParts(folder: string, of: 'intents' | 'slots') {
  const folds = Array.from(
    { length: 20 },
    (_, i) => JSON.parse(readFileSync(path.join(folder, `fold${i}.json`), 'utf8')) as Utterance[],
  );
  const rowOf = ({ text, intents = [], slots = {} }: Utterance) =>
    of === 'intents'
      ? { text, labels: intents }
      : { text, entities: Object.entries(slots).map(([label, { span }]) => ({ label, start: span[0], end: span[1] })) };
  const names = folds.flat().flatMap((row) => (of === 'intents' ? (row.intents ?? []) : Object.keys(row.slots ?? {})));
  return {
    labels: [...new Set(names)].sort(),
    train: jsonlSample('train.jsonl', folds.slice(0, 4).flat().map(rowOf)),
    test: jsonlSample('test.jsonl', folds.slice(4).flat().map(rowOf)),
  };
}

/** A question with its passage and the answers that are right; none where the passage has no answer. */
export interface QuestionRow {
  readonly id: string;
  readonly question: string;
  /** Left out where it is asked of documents. */
  readonly context?: string;
  readonly answers: readonly string[];
}

interface SquadFile {
  readonly data: readonly {
    readonly paragraphs: readonly {
      readonly context: string;
      readonly qas: readonly {
        readonly id: string;
        readonly question: string;
        readonly answers: readonly { text: string }[];
      }[];
    }[];
  }[];
}

/** Questions of a SQuAD 2 file, as many of each article. */
export function squadQuestions(file: string, count: number, seed: number): QuestionRow[] {
  const { data } = JSON.parse(readFileSync(file, 'utf8')) as SquadFile;
  const random = createRandom(seed);
  const each = Math.ceil(count / data.length);
  const rows = data.flatMap(({ paragraphs }) => {
    const questions = paragraphs.flatMap(({ context, qas }) =>
      qas.map(({ id, question, answers }) => ({ id, question, context, answers: answers.map(({ text }) => text) })),
    );
    return shuffle(questions, random).slice(0, each);
  });
  return shuffle(rows, random).slice(0, count);
}

/** The paragraphs of a file of SQuAD 2. */
export function squadParagraphs(file: string): string[] {
  const { data } = JSON.parse(readFileSync(file, 'utf8')) as SquadFile;
  return data.flatMap(({ paragraphs }) => paragraphs.map(({ context }) => context));
}

export function jsonlSample(file: string, rows: readonly object[]): Sample {
  return { file, content: rows.map((row) => `${JSON.stringify(row)}\n`).join('') };
}

/** Texts of a tab-separated file with their labels in the second column, and 0 and 1 as words. */
export function sentimentRows(data: string, part: 'train' | 'dev'): LabelledRow[] {
  const lines = readFileSync(path.join(data, 'sst2', `${part}.tsv`), 'utf8')
    .split('\n')
    .filter(Boolean);
  return lines.map((line) => {
    const [text = '', label] = line.split('\t');
    return { text, label: label === '1' ? 'positive' : 'negative' };
  });
}
