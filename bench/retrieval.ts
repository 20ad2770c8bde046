/**
 * How often the paragraph with the answer is among the first 1, 2, 3 and 10 that are found for a question, with all
 * paragraphs as one collection.
 *
 *     node --import tsx bench/retrieval.ts [SQUAD FILE…] [--embedder FILE] [--model NAME] [--reranked N] [--questions N]
 *
 * The paragraphs of all files are searched; the questions are those of the first file that have an answer. Each
 * paragraph is a document. `--embedder` adds its vectors, alone and beside BM25; `--reranked` orders
 * the first ten again, for so many questions, by how likely the model finds the question after the paragraph.
 * Intervals: 95 %, percentile bootstrap over questions. The files may be in any language, such as those of XQuAD.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { languageOfDocument } from '../src/documents/language-of.js';
import { indexInMemory } from '../src/documents/memory-index.js';
import type { PassageIndex } from '../src/documents/passages.js';
import { comparedWindows, cosine, orderBySimilarity } from '../src/documents/similar-windows.js';
import { openDatabase } from '../src/documents/store/database.js';
import { storeOf } from '../src/documents/store/kept-documents.js';
import { documentsIn } from '../src/documents/store/open.js';
import { openStore } from '../src/documents/store/schema.js';
import { differences, updateStore } from '../src/documents/store/update.js';
import { askedTerms, terms } from '../src/documents/terms.js';
import { searchedSentences } from '../src/documents/window-ranking.js';
import { openEmbedder } from '../src/engines/llama/open-embedder.js';
import { openEngine } from '../src/engines/llama/open-engine.js';
import { createRandom, shuffle } from '../src/random.js';
import { isSquad } from '../src/records/squad.js';
import { machine, markdownTable, say } from './parts/figures.js';
import { defaultData, modelFile } from './parts/program.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    embedder: { type: 'string' },
    model: { type: 'string', default: 'gemma-3-270m' },
    reranked: { type: 'string', default: '0' },
    questions: { type: 'string' },
  },
});
const files =
  positionals.length > 0
    ? positionals
    : ['dev', 'train'].map((name) => path.join(defaultData, 'squad2', `${name}.json`));

/** Positions of paragraphs, best first. */
type Ranking = readonly number[];

interface Question {
  readonly text: string;
  readonly paragraph: number;
}

/** Ranks that are looked at; as many are asked for. */
const deepest = 10;
/** Of reciprocal rank fusion: G. Cormack, C. Clarke, S. Büttcher, SIGIR 2009. */
const fusionConstant = 60;
/** Longer than any paragraph, so that a window is one. */
const wholeLength = 100_000;

const { paragraphs, questions } = readSquad();
const scratch = mkdtempSync(path.join(tmpdir(), 'slm-retrieval-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
say(`${paragraphs.length} paragraphs, ${questions.length} questions; ${machine()}`);

const systems = new Map<string, { rankings: Ranking[]; msEach: number }>();
const inMemory = indexInMemory(documentsOf());
await timed('best sentences (BM25)', ({ text }) => [
  ...new Set(inMemory.search(text, searchedSentences).map(({ passage }) => Number(passage.document.source))),
]);
await timed('whole paragraphs (BM25 by FTS5)', wholeParagraphs());
const memory = await timed('both, index in memory', fromWindows(inMemory));
await timed('both, index on disk', fromWindows(await indexOnDisk()));
if (flags.embedder !== undefined) await byVectors(flags.embedder);
print(questions.length);
const reranked = Number(flags.reranked);
if (reranked > 0) await rerank(reranked);

function readSquad(): { paragraphs: string[]; questions: Question[] } {
  const paragraphs: string[] = [];
  const questions: Question[] = [];
  for (const [index, file] of files.entries()) {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isSquad(value)) throw new Error(`${file} is no SQuAD file`);
    for (const paragraph of value.data.flatMap((article) => article.paragraphs)) {
      const { context, qas } = paragraph as { context: string; qas: { question: string; is_impossible?: boolean }[] };
      if (index === 0)
        for (const { question, is_impossible } of qas)
          if (is_impossible !== true) questions.push({ text: question, paragraph: paragraphs.length });
      paragraphs.push(context);
    }
  }
  const drawn = shuffle(questions, createRandom(1));
  return { paragraphs, questions: drawn.slice(0, Number(flags.questions ?? drawn.length)) };
}

function documentsOf() {
  return paragraphs.map((text, i) => ({ id: String(i), source: String(i), text }));
}

function fromWindows(index: PassageIndex): Find {
  return ({ text }) =>
    index
      .windows(text, deepest, wholeLength)
      .map((window) => Number(path.basename(window[0]?.document.source ?? '', '.txt')));
}

async function indexOnDisk(): Promise<PassageIndex> {
  const named = paragraphs.map((text, i) => {
    const file = path.join(scratch, `${i}.txt`);
    writeFileSync(file, text);
    return { path: file, shown: file, named: false };
  });
  const database = openStore(path.join(scratch, 'store.db'), { roots: [], version: '' }, { make: true });
  const changes = differences(
    database,
    named.map((file) => file.path),
  );
  await updateStore(database, changes, { date: Date.now, onProgress: () => undefined, onWarning: say });
  return storeOf(documentsIn(database, named).documents)?.index as PassageIndex;
}

function wholeParagraphs(): Find {
  const database = openDatabase(path.join(scratch, 'whole.db'));
  const language = languageOfDocument(paragraphs.join('\n'));
  database.run("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='ascii')");
  for (const [i, text] of paragraphs.entries())
    database.run('INSERT INTO words (rowid, text) VALUES (?, ?)', [i, terms(text, language).join(' ')]);
  return ({ text }) => {
    const asked = askedTerms(text, [language]).searched.map((term) => `"${term}"`);
    if (asked.length === 0) return [];
    return database
      .rows<[number]>(`SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ${deepest}`, [
        asked.join(' OR '),
      ])
      .map(([id]) => id);
  };
}

async function byVectors(file: string): Promise<void> {
  const engine = await openEmbedder({ path: file, name: path.basename(file), sha256: null });
  const start = performance.now();
  const vectors: Float32Array[] = [];
  for (const text of paragraphs) vectors.push(...(await engine.embed([engine.prefixes.passage + text])));
  say(`${((performance.now() - start) / paragraphs.length).toFixed(1)} ms to embed a paragraph`);
  const vectorOf = async (question: string) =>
    ((await engine.embed([engine.prefixes.query + question])) as [Float32Array])[0];
  const likest = await timed('likeness of vectors', async ({ text }) => {
    const asked = await vectorOf(text);
    const scores = vectors.map((vector) => cosine(vector, asked));
    return [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number)).slice(0, deepest);
  });
  await timed('ranks of words and of vectors joined', (_, i) => fused([memory[i] as Ranking, likest[i] as Ranking]));
  await timed('found by words, ordered with vectors', async ({ text }) => {
    const asked = await vectorOf(text);
    const windows = inMemory.scoredWindows(text, deepest, wholeLength);
    const ids = windows.map(({ passages }) => Number(passages[0]?.document.source));
    const cosines = ids.slice(0, comparedWindows).map((id) => cosine(vectors[id] as Float32Array, asked));
    return orderBySimilarity(windows, cosines).map(({ passages }) => Number(passages[0]?.document.source));
  });
  await engine.dispose();
}

type Find = (question: Question, index: number) => Ranking | Promise<Ranking>;

async function timed(name: string, find: Find): Promise<Ranking[]> {
  const rankings: Ranking[] = [];
  const start = performance.now();
  for (const [i, question] of questions.entries()) rankings.push(await find(question, i));
  systems.set(name, { rankings, msEach: (performance.now() - start) / questions.length });
  return rankings;
}

/** Rankings joined by the sum of 1 / (60 + rank). */
function fused(rankings: readonly Ranking[]): Ranking {
  const scores = new Map<number, number>();
  for (const ranking of rankings)
    for (const [rank, id] of ranking.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (fusionConstant + rank + 1));
  return [...scores].sort((a, b) => b[1] - a[1]).map(([id]) => id);
}

/** The first ten again, by the likelihood of the question after the paragraph. */
async function rerank(count: number): Promise<void> {
  const engine = await openEngine({ path: modelFile(flags.model), name: flags.model, sha256: null });
  const start = performance.now();
  const likely: Ranking[] = [];
  for (const [i, { text }] of questions.slice(0, count).entries()) {
    const scored: { id: number; logprob: number }[] = [];
    for (const id of memory[i] as Ranking) {
      const input = engine.tokenize(`Passage: ${paragraphs[id]}\nQuestion:`);
      const [logprob] = await engine.scoreContinuations({ prefix: [], input }, [engine.tokenize(` ${text}`)]);
      scored.push({ id, logprob: logprob as number });
    }
    likely.push(scored.sort((a, b) => b.logprob - a.logprob).map(({ id }) => id));
  }
  const msEach = (performance.now() - start) / count;
  const name = `the first ${deepest} by the likelihood of the question (${flags.model})`;
  systems.set(name, { rankings: likely, msEach });
  systems.set('… its ranks joined with those of BM25', {
    rankings: likely.map((ranking, i) => fused([ranking, memory[i] as Ranking])),
    msEach,
  });
  await engine.dispose();
  print(count);
}

function print(count: number): void {
  const rows = [...systems].map(([name, { rankings, msEach }]) => {
    const places = rankings.slice(0, count).map((ranking, i) => ranking.indexOf(questions[i]?.paragraph ?? -1));
    const cells = [1, 2, 3, deepest].map((k) => recall(places.map((place) => place !== -1 && place < k)));
    return [name, ...cells, msEach.toFixed(1)];
  });
  process.stdout.write(
    `${markdownTable([`n = ${count}`, 'recall@1', 'recall@2', 'recall@3', `recall@${deepest}`, 'ms a question'], rows)}\n\n`,
  );
}

function recall(found: readonly boolean[]): string {
  const mean = (values: readonly boolean[]) => values.filter(Boolean).length / values.length;
  const random = createRandom(1);
  const drawn = Array.from({ length: 1000 }, () => mean(found.map(() => found[random.below(found.length)] === true)));
  drawn.sort((a, b) => a - b);
  return `${mean(found).toFixed(3)} [${drawn[25]?.toFixed(3)}–${drawn[974]?.toFixed(3)}]`;
}
