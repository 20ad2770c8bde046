import { bm25Score } from './ranking.js';

/** Sentences that a choice of windows goes by. */
export const searchedSentences = 40;
/** How much a further sentence counts beside the one before. */
const furtherSentences = 0.4;
/** How much the words of the whole window count beside its best sentences. */
const wholeWindow = 2;

/** A window by its sentences that were found. */
export interface FoundWindow<Window> {
  readonly window: Window;
  /** Scores of these sentences, best first. */
  readonly scores: readonly number[];
}

/** Gathers found sentences, best first, by their windows. */
export function byWindow<Sentence extends { readonly score: number }, Window>(
  found: readonly Sentence[],
  windowOf: (sentence: Sentence) => Window,
): FoundWindow<Window>[] {
  const windows = new Map<Window, number[]>();
  for (const sentence of found) {
    const window = windowOf(sentence);
    windows.set(window, [...(windows.get(window) ?? []), sentence.score]);
  }
  return [...windows].map(([window, scores]) => ({ window, scores }));
}

/**
 * Windows, best first, with scores up to 1: by the sentences that were found in each, of which the best decides, and
 * by BM25 of the whole window, since a question's words may be spread over its sentences. Each is divided by the
 * largest, and the second counts twice: chosen by recall on questions of SQuAD 2 that it is not measured on.
 * @param wordsOf words of a window
 * @param withTerm sentences that have a word, of `sentences`
 */
export function rankWindows<Window>(
  found: readonly FoundWindow<Window>[],
  asked: readonly string[],
  wordsOf: (window: Window) => readonly string[],
  withTerm: (term: string) => number,
  sentences: number,
): { readonly window: Window; readonly score: number }[] {
  const wanted = new Set(asked);
  const all = found.map(({ window, scores }) => ({
    window,
    words: wordsOf(window),
    best: scores.reduce((sum, score, i) => sum + score * furtherSentences ** i, 0),
  }));
  const meanLength = all.reduce((sum, { words }) => sum + words.length, 0) / Math.max(1, all.length);
  const whole = all.map(({ words }) => {
    const counts = new Map<string, number>();
    for (const word of words) if (wanted.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const parts = [...counts].map(([term, count]) =>
      bm25Score(count, withTerm(term), sentences, words.length, meanLength),
    );
    return parts.reduce((sum, part) => sum + part, 0);
  });
  const largest = { best: Math.max(...all.map(({ best }) => best)), whole: Math.max(...whole) };
  const share = (value: number, most: number) => (most > 0 ? value / most : 0);
  return all
    .map(({ window, best }, i) => ({
      window,
      score: (share(best, largest.best) + wholeWindow * share(whole[i] as number, largest.whole)) / (1 + wholeWindow),
    }))
    .sort((a, b) => b.score - a.score);
}
