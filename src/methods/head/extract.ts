import { decodeEntities } from '../../heads/entities.js';
import { lexicalLogprobs } from '../../heads/lexical-tagger.js';
import { emissions } from '../../heads/tagger.js';
import type { TaggerHead } from '../../heads/tagger-file.js';
import { tagName } from '../../heads/tags.js';
import { wordFeatures } from '../../heads/word-features.js';
import { readWords } from '../../heads/word-reading.js';
import type { ChainMarginals } from '../../linear/chain.js';
import type { DenseMatrix } from '../../linear/matrix.js';
import { sureScore } from '../../linear/platt.js';
import type { PromptRenderer } from '../../prompt.js';
import { sentences, windows, words as wordsOf } from '../../segment.js';
import type { ExtractOutput, Output, Span, TaskProfile } from '../../types.js';
import { tablePart } from '../explain.js';
import { aboveThreshold } from '../span-scoring/index.js';
import type { MethodContext, PieceInput, Predictor } from '../types.js';
import type { HeadOptions } from './options.js';

/** A tagger's prompt is the text itself. */
export function taggerRenderer(profile: TaskProfile): PromptRenderer {
  return (fields) => ({
    prefix: [],
    input: [{ text: ` ${String(fields[profile.input] ?? '')}`, field: profile.input }],
    separator: '',
  });
}

export async function prepareTagger(
  { profile, engine }: MethodContext<'features'>,
  { tagger, reading, sureness }: TaggerHead,
  options: HeadOptions,
): Promise<Predictor> {
  const { labels, steps } = tagger;
  const tags = tagger.rows.length;
  const logprobs = tagger.lexical === null ? null : lexicalLogprobs(tagger.lexical.tagger);

  /** Scores of the tags of the words in one window, words × tags. */
  async function scoreWindow(text: string, words: readonly Span[]): Promise<DenseMatrix> {
    const { prompt, positions } = readWords(engine, text, words, reading);
    const outputs = await engine.headScores(prompt, positions, tags);
    const scores = new Float64Array(words.length * tags);
    outputs.forEach((values, word) => {
      scores.set(values, word * tags);
    });
    return emissions(tagger, scores, logprobs?.(wordFeatures(text, words)) ?? null);
  }

  return {
    maxPieceTokens: null,

    async predict({ text, explain }: PieceInput) {
      const words = wordsOf(text);
      const scores = await scoreText(text, words, options.windowTokens, engine, scoreWindow, tags);
      const { entities: found, path, chances } = decodeEntities(text, words, labels, scores, steps);
      const entities = found.map((entity) => ({ ...entity, score: sureScore(sureness, entity.score as number) }));
      const output: ExtractOutput = { type: 'extract', entities };
      return { output, explanation: explain ? [tagTable(text, words, labels, path, chances)] : [] };
    },

    decide: (output: Output) => aboveThreshold(output as ExtractOutput, profile.threshold.min),
  };
}

type ScoreWindow = (text: string, words: readonly Span[]) => Promise<DenseMatrix>;

/** All windows of a text, as one list of words; a word that two windows have gets the mean of its scores. */
async function scoreText(
  text: string,
  words: readonly Span[],
  windowTokens: number,
  engine: MethodContext<'features'>['engine'],
  scoreWindow: ScoreWindow,
  tags: number,
): Promise<DenseMatrix> {
  const parts = windowsOf(text, windowTokens, engine);
  const values = new Float64Array(words.length * tags);
  const counts = new Uint8Array(words.length);
  // Windows begin in the order of the text, so the search for their first word goes on where the last one ended.
  let first = 0;
  for (const part of parts) {
    while (first < words.length && (words[first] as Span).end <= part.start) first++;
    const own: Span[] = [];
    for (let i = first; i < words.length && (words[i] as Span).start < part.end; i++) {
      const { start, end } = words[i] as Span;
      own.push({ start: Math.max(0, start - part.start), end: end - part.start });
    }
    if (own.length === 0) continue;
    const scores = await scoreWindow(text.slice(part.start, part.end), own);
    for (let i = 0; i < own.length; i++) {
      const word = first + i;
      const seen = counts[word] as number;
      counts[word] = seen + 1;
      for (let tag = 0; tag < tags; tag++) {
        const at = word * tags + tag;
        values[at] = ((values[at] as number) * seen + (scores.values[i * tags + tag] as number)) / (seen + 1);
      }
    }
  }
  return { kind: 'dense', rows: words.length, columns: tags, values };
}

function windowsOf(text: string, windowTokens: number, engine: MethodContext<'features'>['engine']): Span[] {
  const measure = (part: string) => engine.tokenize(part).length;
  const whole = [{ start: 0, end: text.length }];
  // No token is shorter than a byte, so most texts need no counting.
  if (Buffer.byteLength(text) <= windowTokens) return whole;
  if (text.length < windowTokens * 16 && measure(text) <= windowTokens) return whole;
  return windows(text, sentences(text), windowTokens, measure, 1);
}

function tagTable(
  text: string,
  words: readonly Span[],
  labels: readonly string[],
  path: Int32Array,
  { probabilities }: ChainMarginals,
) {
  const tags = probabilities.columns;
  const names = Array.from({ length: tags }, (_, tag) => tagName(tag, labels));
  const rows = words.map(({ start, end }, word) => [
    text.slice(start, end),
    path[word] === 0 ? '' : (names[path[word] as number] as string),
    ...names.map((_, tag) => (probabilities.values[word * tags + tag] as number).toFixed(3)),
  ]);
  return tablePart('tags of the words, with their probabilities', [['word', '→', ...names], ...rows]);
}
